/** Every fixed text of the answers, in both languages: the same keys with the same parameters. */

export type Lang = 'en' | 'zh';

import type { Tier } from '../evidence/index.ts';

export type { Tier };
export type Origin = 'authored' | 'imported' | 'generated';

export interface LabFigures {
  readonly fixed: number;
  readonly of: number;
  readonly environments: readonly string[];
}

const en = {
  match: 'Known:',
  possible: 'Possibly:',
  colon: ': ',
  aside: (text: string) => `(${text})`,
  because: ' — ',
  andMore: (shown: string, n: number) => `${shown} and ${n} more`,
  onlyPossible: 'Only possible: the line has words of this error, not its whole message.',
  atLine: (line: number, more: number) => `line ${line}${more > 0 ? `, and on ${more} more` : ''}`,
  tier: (tier: Tier): string =>
    ({
      claimed: 'not yet tested in the lab',
      reproduced: 'reproduced in the lab',
      proven: 'tested in the lab',
    })[tier],
  origin: (origin: Origin): string =>
    ({
      authored: '',
      imported: 'a record from elsewhere, not run here',
      generated: 'a generated record from elsewhere, not run here',
    })[origin],
  checkFirst: 'First check',
  readOnly: 'changes nothing',
  doFirst: 'First try',
  stop: 'Nothing to do here yourself',
  means: (causes: string) => `it is ${causes}`,
  exit: (status: string) => `exit status ${status}`,
  prints: 'prints',
  use: (keys: string) => `then ${keys}`,
  causes: (n: number) => (n === 1 ? 'The cause known for it' : `The ${n} causes known for it`),
  avoid: 'Do not',
  try: 'Try',
  forCauses: (causes: string) => `if ${causes}`,
  by: (who: string) => `by: ${who}`,
  highRisk: 'risky: loses data, lowers protection or touches others',
  except: (causes: string) => `helps only if ${causes}`,
  claimed: (percent: number) => `claimed ${percent} %, not measured`,
  lab: ({ fixed, of, environments }: LabFigures) =>
    fixed === 0
      ? `Fixed none of the ${of} reproduced causes in the lab (${environments.join(', ')}).`
      : `In the lab this fixed ${fixed} of ${of} reproduced causes (${environments.join(', ')}).`,
  alsoFound: 'Also found',
  more: (n: number, all: number) => `${n} more finding${n === 1 ? '' : 's'} not shown (--limit ${all}).`,
  moreItems: (n: number) => `${n} more on the page`,
  page: (id: string) => `Everything about it: faultbook explain ${id}`,
  unknown: (records: number, lines: number) =>
    `Unknown: ${records === 0 ? 'the book is empty' : `none of ${records} record${records === 1 ? '' : 's'} fits ${lines === 1 ? 'this line' : `these ${lines} lines`}`}.`,
  nothing: 'Unknown: there is no text.',
  focus: 'The failure seems to be here (a guess from the words, no record says so):',
  noFocus: 'No line looks like a failure either.',
  localised: 'The output is not in English. Run it again with LC_ALL=C, the messages may be known then.',
  keep: 'Write it down: faultbook new <domain/slug> --from <file>',
  explanation: 'What it says',
  checks: 'Checks that tell the causes apart',
  whyWorks: 'why',
  whyFails: 'why not',
  sources: 'Sources',
  confused: 'Not to be confused with',
  leadsTo: 'It tends to lead to',
  documentation: 'Documentation',
  onlyEnglish: '',
  untested: 'Could not be tried',
  retry: (transient: boolean) => (transient ? 'A plain retry may help.' : 'A plain retry does not help.'),
  noRecords: 'No record fits these words.',
  unnamedAction: '(the record does not say what)',
} as const;

const zh: {
  readonly [K in keyof typeof en]: (typeof en)[K] extends (...args: infer A) => string
    ? (...args: A) => string
    : string;
} = {
  match: '已知错误：',
  possible: '疑似：',
  colon: '：',
  aside: (text) => `（${text.replaceAll('; ', '；')}）`,
  because: '：',
  andMore: (shown, n) => `${shown} 等 ${n + 3} 种`,
  onlyPossible: '只是疑似：这一行有该错误的字眼，但不是完整的报错。',
  atLine: (line, more) => `第 ${line} 行${more > 0 ? `，另有 ${more} 行` : ''}`,
  tier: (tier) => ({ claimed: '尚未经实验验证', reproduced: '实验中已复现', proven: '已经实验验证' })[tier],
  origin: (origin) =>
    ({ authored: '', imported: '外来记录，未在此验证', generated: '外来的自动生成记录，未在此验证' })[origin],
  checkFirst: '先查一下',
  readOnly: '只读，不改动任何东西',
  doFirst: '先试这个',
  stop: '自己这边没有可做的',
  means: (causes) => `说明是 ${causes}`,
  exit: (status) => `退出码 ${status}`,
  prints: '输出',
  use: (keys) => `用 ${keys}`,
  causes: (n) => (n === 1 ? '已知原因' : `已知原因，共 ${n} 种`),
  avoid: '别试',
  try: '可以试',
  forCauses: (causes) => `如果是 ${causes}`,
  by: (who) => `由对方来做：${who}`,
  highRisk: '有风险：会丢数据、削弱防护或影响他人',
  except: (causes) => `只有 ${causes} 时才有用`,
  claimed: (percent) => `自称 ${percent} %，未经实测`,
  lab: ({ fixed, of, environments }) =>
    fixed === 0
      ? `实验中复现了 ${of} 种原因，它一种也没有修好（${environments.join('、')}）。`
      : `实验中复现了 ${of} 种原因，它修好了 ${fixed} 种（${environments.join('、')}）。`,
  alsoFound: '同时还发现',
  more: (n, all) => `还有 ${n} 个结果未显示（--limit ${all}）。`,
  moreItems: (n) => `另有 ${n} 条，见完整说明`,
  page: (id) => `完整说明：faultbook explain ${id}`,
  unknown: (records, lines) =>
    records === 0 ? '未收录：书里还没有记录。' : `未收录：${records} 条记录都对不上这 ${lines} 行输出。`,
  nothing: '未收录：没有任何输入。',
  focus: '出错的地方大概在这里（只是按字眼猜的，没有记录为证）：',
  noFocus: '也没有看起来像出错的行。',
  localised: '这段输出不是英文。用 LC_ALL=C 再跑一遍，那样的报错也许已有记录。',
  keep: '把它记下来：faultbook new <domain/slug> --from <file>',
  explanation: '这个报错在说什么',
  checks: '怎样分辨是哪种原因',
  whyWorks: '为什么有用',
  whyFails: '为什么没用',
  sources: '来源',
  confused: '容易混淆的错误',
  leadsTo: '之后常常会引出',
  documentation: '官方文档',
  onlyEnglish: '（原文仅有英文）',
  untested: '无法试验的部分',
  retry: (transient) => (transient ? '直接重试可能有用。' : '直接重试没有用。'),
  noRecords: '没有符合这些词的记录。',
  unnamedAction: '（记录没有写明做什么）',
};

export type Messages = typeof zh;

export function messagesOf(lang: Lang): Messages {
  return lang === 'zh' ? zh : en;
}

/** The text in the reader's language, the English one where there is no other. */
export function inLang(lang: Lang, english: string | null, chinese: string | null): string {
  return (lang === 'zh' && chinese ? chinese : english) ?? '';
}
