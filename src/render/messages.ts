/** Every fixed text of the answers, in both languages: the same keys with the same parameters. */

export type Lang = 'en' | 'zh';

import type { Flag, Tier } from '../evidence/index.ts';

export type { Tier };
export type Origin = 'authored' | 'imported' | 'generated';

export interface LabFigures {
  readonly fixed: number;
  readonly of: number;
  readonly environments: readonly string[];
  readonly outcomes: Readonly<Record<string, number>>;
  readonly partly: readonly { readonly cause: string; readonly environments: readonly string[] }[];
  readonly breaks: readonly string[];
}

export interface FieldFigures {
  readonly fixed: number;
  readonly of: number;
  readonly reporters: number;
  readonly observed: { readonly fixed: number; readonly of: number };
}

/** Queries of a survey that are quoted. */
const SHOWN_QUERIES = 2;

export interface SurveyFigures {
  readonly settled: number;
  readonly found: number;
}

/** What a scan read, as text. */
interface ScanAbout {
  readonly lines: string;
  readonly sources: number;
  readonly range: string | null;
  readonly seconds: string;
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
  /** The tier, and what takes something off it. */
  standing: (tier: Tier, flags: readonly Flag[]): string =>
    [
      en.tier(tier),
      ...flags.map(
        (flag) =>
          ({
            contradicted: 'but a trial refutes one of its claims',
            stale: 'but some of its commands changed since',
            outdated: 'some of it on older versions than the rest',
          })[flag],
      ),
    ].join(', '),
  lostHeading: 'Claims that a trial refutes',
  lost: (claim: string, env: string, cause: string, measured: string) =>
    `${claim} for ${cause}, on ${env}: ${measured}`,
  /** Where a finding comes from, if not from our own book. */
  from: ({ book, trusted, origin }: { book: string | null; trusted: boolean; origin: Origin }): string => {
    if (book === null) return en.origin(origin);
    return trusted ? `from ${book}, trusted` : `from ${book}, not trusted: nothing of it was run here`;
  },
  elsewhere: (book: string) => `measured by ${book}, not here`,
  origin: (origin: Origin): string =>
    ({
      authored: '',
      imported: 'a record from elsewhere, not run here',
      generated: 'a generated record from elsewhere, not run here',
    })[origin],
  checkFirst: 'First check',
  readOnly: 'changes nothing',
  doFirst: 'First try',
  ifNot: 'If it does not help, take it back',
  stop: 'Nothing to do here yourself',
  means: (causes: readonly string[]) =>
    causes.length === 0 ? 'none of these causes' : `it is ${causes.join(' / ')}`,
  exit: (status: string) => `exit status ${status}`,
  prints: 'prints',
  use: (keys: string) => `then ${keys}`,
  causes: (n: number) => (n === 1 ? 'The cause known for it' : `The ${n} causes known for it`),
  avoid: 'Do not',
  try: 'Try',
  otherwise: 'Otherwise try',
  forCauses: (causes: string) => `if ${causes}`,
  by: (who: string) => `by: ${who}`,
  highRisk: 'risky: loses data, lowers protection or touches others',
  except: (causes: string) => `helps only if ${causes}`,
  claimed: (percent: number) => `claimed ${percent} %, not measured`,
  /** `where`: named only where it is not where everything else was measured. */
  lab: ({ fixed, of, partly, outcomes, breaks }: LabFigures, where: readonly string[] | null): string => {
    const place = where === null ? '' : ` (${where.join(', ')})`;
    const some = partly.map((p) => `${p.cause} on ${p.environments.join(', ')}`).join('; ');
    return [
      fixed === 0 && partly.length === 0
        ? `Fixed none of the ${of} reproduced causes in the lab${place}.`
        : fixed === 0
          ? `In the lab this fixed none of the ${of} reproduced causes everywhere${place}; only ${some}.`
          : `In the lab this fixed ${fixed} of ${of} reproduced causes${place}${some === '' ? '' : `; besides, only in part: ${some}`}.`,
      ...(outcomes.masked
        ? [`In ${outcomes.masked} it hid the message and left the fault, or took a protection away.`]
        : []),
      ...(breaks.length > 0
        ? [`In a healthy system it broke something, or took a protection away (${breaks.join(', ')}).`]
        : []),
    ].join(' ');
  },
  /** What was reported of an action: `fixed` of `of` cases; `observed`: what hooks saw by themselves. */
  field: ({ fixed, of, reporters, observed }: FieldFigures): string =>
    [
      ...(of > 0
        ? [
            `Field: ${fixed} of ${of} report${of === 1 ? '' : 's'}, ${reporters} reporter${reporters === 1 ? '' : 's'}, unverified.`,
          ]
        : []),
      ...(observed.of > 0
        ? [
            `Seen by hooks: the command passed after it in ${observed.fixed} of ${observed.of} case${observed.of === 1 ? '' : 's'}, unverified.`,
          ]
        : []),
    ].join(' '),
  noReports:
    'No outcome reports were made here. One is made by: faultbook report-outcome <id> <action> <outcome>',
  fieldLeadsTo: 'In the field it was followed by (unverified)',
  fieldTransition: (id: string, reporters: number) =>
    `${id}: ${reporters} reporter${reporters === 1 ? '' : 's'}`,
  fieldLine: (line: string, fixed: number, of: number) => `${line}: ${fixed} of ${of}`,
  survey: (cause: string, threads: number, { settled, found }: SurveyFigures) =>
    `Cause was ${cause} in ${threads} of ${settled} public threads with a settled cause (${found} found; threads are no random sample).`,
  noSurvey: 'No survey of public threads: all causes count the same here.',
  surveyHeading: 'What it was in public threads',
  surveyOther: 'a cause that is not listed here',
  surveyCount: (threads: number, of: number) => `${threads} of ${of}`,
  surveyInterval: (low: number, high: number) => `90 % interval of the share: ${low} to ${high} of 100`,
  surveySaid: (settled: number, found: number, date: string, queries: readonly string[]) =>
    `${found} threads found on ${date} by ${queries.length} ${queries.length === 1 ? 'query' : 'queries'} (${queries.slice(0, SHOWN_QUERIES).join(' · ')}${queries.length > SHOWN_QUERIES ? ' …' : ''}; all of them: --format json); ${settled} with a settled cause. An inferred cause weighs half a confirmed one in the order of steps. Threads are no random sample.`,
  thenCheck: (key: string) => `then check [${key}]`,
  thenOthers: (key: string) => `up to others: [${key}]`,
  thenNothing: 'nothing that was tried repairs it',
  orElse: ', else ',
  anyOf: (n: number) => `one of ${n} causes`,
  unseen:
    'Anything else: no single listed cause fits (one that is not listed, or two at once). Undo what you changed, and ask further.',
  seenUnclear: 'none of these',
  seenUnavailable: 'the program is not there',
  alternatives: (keys: string) => `Nearly as good: ${keys}`,
  measuredOn: (versions: string, trials: number, date: string) =>
    `Measured on ${versions}; ${trials} trials, ${date}. The list of causes may be incomplete.`,
  notYours: 'Not measured on your version; what follows comes from others.',
  yours: (names: string) => `For your environment: only what was measured on ${names}.`,
  matrix: 'What each action did to each cause, in the lab',
  treeHeading: 'Which step first, and which after it',
  treeNote:
    'An action that did not help is taken back before the next. What no branch names is no listed cause by itself: undo, and ask further.',
  outcomes: {
    fixed: 'fixed',
    fixed_until_restart: 'fixed until the next restart',
    persists: 'the same error again',
    moved: 'another failure instead',
    masked: 'message gone, fault or lost protection not',
    rejected: 'could not be applied',
    not_applicable: 'does not apply there',
    no_fault: 'no fault there',
    harmless: 'harmless',
    breaks_healthy: 'breaks a healthy system',
    mixed: 'repeats disagree',
    lab_failed: 'the lab failed',
    differs: 'differs by environment',
  } as Readonly<Record<string, string>>,
  placebo: 'placebo',
  deadEnd: 'dead end',
  healthyWorld: 'healthy',
  trialsHeading: 'The trials',
  wordings: (keys: string) => `worded as ${keys}`,
  ownWording: 'the pattern above',
  rerun: (id: string) => `Run them yourself: faultbook prove ${id} --check`,
  repeats: (n: number) => `Each cell at least ${n} times, with the same result.`,
  leftChanged: 'stop: this action cannot be taken back',
  repairs: (n: number, of: number, besides: number) =>
    `${n === of ? 'repairs it' : `repairs ${n} of ${of}`}${besides > 0 ? `, and ${besides} by the restart in it` : ''}`,
  alsoFound: 'Also found',
  more: (n: number, all: number) => `${n} more finding${n === 1 ? '' : 's'} not shown (--limit ${all}).`,
  moreItems: (n: number) => `${n} more on the page`,
  page: (id: string) => `Everything about it: faultbook explain ${id}`,
  unknown: (records: number, lines: number) =>
    `Unknown: ${records === 0 ? 'the book is empty' : `none of ${records} record${records === 1 ? '' : 's'} fits ${lines === 1 ? 'this line' : `these ${lines} lines`}`}.`,
  nothing: 'Unknown: there is no text.',
  focus: 'The failure seems to be here (a guess from the words, no record says so):',
  shapes: (n: number, lines: number) =>
    `Not in the book, and reads like trouble: ${lines} lines of ${n === 1 ? 'one kind' : `${n} kinds`}`,
  fromLine: (line: number) => `from line ${line}`,
  scanAbout: ({ lines, sources, range, seconds }: ScanAbout) =>
    `${lines} lines in ${sources} ${sources === 1 ? 'source' : 'sources'}${range === null ? '' : `, ${range}`}, ${seconds} s`,
  scanKnown: (n: number) => (n === 1 ? 'Known: 1 error.' : `Known: ${n} errors, roots first.`),
  scanNone: (records: number) => `Nothing of what ${records} records know.`,
  scanStopped: 'Stopped before the end: this is what was read until then.',
  scanBegan: 'when it began',
  scanRecord: 'record',
  scanLines: 'lines',
  scanFiles: 'files',
  scanRate: 'per min now / before',
  scanNew: '(new)',
  scanNoTime: 'no time',
  scanUnknown: (shapes: number, lines: string) =>
    `Unknown, reads like trouble (not in the book): ${shapes} ${shapes === 1 ? 'kind' : 'kinds'}, ${lines} lines`,
  scanShow: 'examples of one: --show unknown:1',
  scanNoShape: (n: number) => `There are only ${n} kinds of unknown lines.`,
  moreShapes: (n: number) => `${n} more kind${n === 1 ? '' : 's'} (--format json)`,
  noFocus: 'No line looks like a failure either.',
  localised: 'The output is not in English. Run it again with LC_ALL=C, the messages may be known then.',
  runNotKept: (code: number) =>
    `exit ${code}; the output was not kept (no \`script\` of util-linux here). To have it diagnosed, pipe it in: … 2>&1 | faultbook`,
  runPossible: (code: number, id: string, title: string) => `exit ${code}; possibly ${id} (${title})`,
  runUnknown: (code: number, where: boolean) =>
    `exit ${code}; no record fits${where ? '. The failure seems to be here (a guess):' : ''}`,
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
    : (typeof en)[K] extends string
      ? string
      : (typeof en)[K];
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
  standing: (tier, flags) =>
    [
      zh.tier(tier),
      ...flags.map(
        (flag) =>
          ({
            contradicted: '但有一条说法被实验推翻',
            stale: '但其中有的命令此后改过',
            outdated: '其中一部分是在旧版本上测的',
          })[flag],
      ),
    ].join('，'),
  lostHeading: '被实验推翻的说法',
  lost: (claim, env, cause, measured) => `${claim}（原因 ${cause}，环境 ${env}）：${measured}`,
  from: ({ book, trusted, origin }) => {
    if (book === null) return zh.origin(origin);
    return trusted ? `来自 ${book}，已信任` : `来自 ${book}，未受信任：其中内容都没有在此运行过`;
  },
  elsewhere: (book) => `由 ${book} 测得，并非在此测得`,
  origin: (origin) =>
    ({ authored: '', imported: '外来记录，未在此验证', generated: '外来的自动生成记录，未在此验证' })[origin],
  checkFirst: '先查一下',
  readOnly: '只读，不改动任何东西',
  doFirst: '先试这个',
  ifNot: '没用就先撤回',
  stop: '自己这边没有可做的',
  means: (causes) => (causes.length === 0 ? '不是这里列出的原因' : `说明是 ${causes.join(' / ')}`),
  exit: (status) => `退出码 ${status}`,
  prints: '输出',
  use: (keys) => `用 ${keys}`,
  causes: (n) => (n === 1 ? '已知原因' : `已知原因，共 ${n} 种`),
  avoid: '别试',
  try: '可以试',
  otherwise: '另外可以试',
  forCauses: (causes) => `如果是 ${causes}`,
  by: (who) => `由对方来做：${who}`,
  highRisk: '有风险：会丢数据、削弱防护或影响他人',
  except: (causes) => `只有 ${causes} 时才有用`,
  claimed: (percent) => `自称 ${percent} %，未经实测`,
  lab: ({ fixed, of, partly, outcomes, breaks }, where) => {
    const place = where === null ? '' : `（${where.join('、')}）`;
    const some = partly.map((p) => `${p.cause}（${p.environments.join('、')}）`).join('；');
    return [
      fixed === 0 && partly.length === 0
        ? `实验中复现了 ${of} 种原因，它一种也没有修好${place}。`
        : `实验中复现了 ${of} 种原因，它${fixed === 0 ? '没有一种处处都能修好' : `修好了 ${fixed} 种`}${place}${some === '' ? '' : `；只在部分环境有效：${some}`}。`,
      ...(outcomes.masked ? [`有 ${outcomes.masked} 种只是报错不见了，毛病还在，或者丢掉了一层防护。`] : []),
      ...(breaks.length > 0
        ? [`在原本正常的系统上，它会弄坏东西，或者丢掉一层防护（${breaks.join('、')}）。`]
        : []),
    ].join('');
  },
  field: ({ fixed, of, reporters, observed }) =>
    [
      ...(of > 0 ? [`实际反馈：${of} 份报告中 ${fixed} 份修好了，${reporters} 个报告者，未经核实。`] : []),
      ...(observed.of > 0
        ? [`钩子所见：${observed.of} 例中有 ${observed.fixed} 例随后命令通过，未经核实。`]
        : []),
    ].join(''),
  noReports: '这里还没有记下过结果。记一条：faultbook report-outcome <id> <action> <outcome>',
  fieldLeadsTo: '实际使用中之后出现的错误（未经核实）',
  fieldTransition: (id, reporters) => `${id}：${reporters} 个报告者`,
  fieldLine: (line, fixed, of) => `${line}：${of} 份中 ${fixed} 份`,
  survey: (cause, threads, { settled, found }) =>
    `网上有结论的 ${settled} 个帖子里，${threads} 个是 ${cause}（共找到 ${found} 个；帖子不是随机样本）。`,
  noSurvey: '还没有统计过网上的帖子：这里各种原因按同等看待。',
  surveyHeading: '网上的帖子里，原因各是什么',
  surveyOther: '这里没有列出的原因',
  surveyCount: (threads, of) => `${of} 个中的 ${threads} 个`,
  surveyInterval: (low, high) => `所占份额的 90 % 区间：每 100 个中 ${low} 到 ${high} 个`,
  surveySaid: (settled, found, date, queries) =>
    `${date} 用 ${queries.length} 组词搜到 ${found} 个帖子（${queries.slice(0, SHOWN_QUERIES).join(' · ')}${queries.length > SHOWN_QUERIES ? ' …' : ''}；全部见 --format json）；其中 ${settled} 个有结论。排步骤时，推断出的原因按确认过的一半计。帖子不是随机样本。`,
  thenCheck: (key) => `接着查 [${key}]`,
  thenOthers: (key) => `要由对方来做：[${key}]`,
  thenNothing: '试过的办法都修不好',
  orElse: '，不行再 ',
  anyOf: (n) => `${n} 种原因之一`,
  unseen:
    '都不是：不是所列的任何一种单独的原因（可能没有列出，也可能两种同时存在）。先把改动撤回，再往别处找。',
  seenUnclear: '以上都不是',
  seenUnavailable: '没有装这个程序',
  alternatives: (keys) => `差不多一样好的还有：${keys}`,
  measuredOn: (versions, trials, date) =>
    `实测环境：${versions}；共 ${trials} 次试验，${date}。原因可能没有列全。`,
  notYours: '没有在你的版本上测过；以下结果来自别的版本。',
  yours: (names) => `按你的环境：只用 ${names} 上的实测结果。`,
  matrix: '实验里，每个办法对每种原因的结果',
  treeHeading: '先做哪一步，接着做哪一步',
  treeNote:
    '没用的改动要先撤回，再做下一步。遇到图里没有的情况，就不是所列的单独一种原因：撤回改动，往别处找。',
  outcomes: {
    fixed: '修好了',
    fixed_until_restart: '重启后又坏',
    persists: '还是同样的报错',
    moved: '换成了别的错误',
    masked: '报错没了，毛病还在，或丢了防护',
    rejected: '没法执行',
    not_applicable: '那里用不上',
    no_fault: '那里不出错',
    harmless: '无害',
    breaks_healthy: '会弄坏正常的系统',
    mixed: '重复结果不一致',
    lab_failed: '实验本身失败',
    differs: '因环境而异',
  },
  placebo: '对照',
  deadEnd: '没用的办法',
  healthyWorld: '正常系统',
  trialsHeading: '试验',
  wordings: (keys) => `报错写法：${keys}`,
  ownWording: '上面的写法',
  rerun: (id) => `自己跑一遍：faultbook prove ${id} --check`,
  repeats: (n) => `每一格至少试 ${n} 次，结果都一致。`,
  leftChanged: '到此为止：这个改动撤不回来',
  repairs: (n, of, besides) =>
    `${n === of ? '能修好' : `${of} 种里能修好 ${n} 种`}${besides > 0 ? `，另有 ${besides} 种只是因为它顺带重启了服务` : ''}`,
  alsoFound: '同时还发现',
  more: (n, all) => `还有 ${n} 个结果未显示（--limit ${all}）。`,
  moreItems: (n) => `另有 ${n} 条，见完整说明`,
  page: (id) => `完整说明：faultbook explain ${id}`,
  unknown: (records, lines) =>
    records === 0 ? '未收录：书里还没有记录。' : `未收录：${records} 条记录都对不上这 ${lines} 行输出。`,
  nothing: '未收录：没有任何输入。',
  focus: '出错的地方大概在这里（只是按字眼猜的，没有记录为证）：',
  shapes: (n, lines) => `书里没有、但像是出了问题的：${lines} 行，${n} 类`,
  fromLine: (line) => `自第 ${line} 行起`,
  scanAbout: ({ lines, sources, range, seconds }) =>
    `${sources} 个来源，${lines} 行${range === null ? '' : `，${range}`}，用时 ${seconds} 秒`,
  scanKnown: (n) => (n === 1 ? '认出 1 个已知错误。' : `认出 ${n} 个已知错误，根源在前。`),
  scanNone: (records) => `书里 ${records} 条记录一条也没对上。`,
  scanStopped: '没读完就停了，以下是到那时为止的结果。',
  scanBegan: '开始时间',
  scanRecord: '记录',
  scanLines: '行数',
  scanFiles: '文件',
  scanRate: '每分钟 现在 / 之前',
  scanNew: '（新出现）',
  scanNoTime: '无时间',
  scanUnknown: (shapes, lines) => `书里没有、但看着像出了问题的：${shapes} 类，${lines} 行`,
  scanShow: '看其中一类的例子：--show unknown:1',
  scanNoShape: (n) => `未知的行一共只有 ${n} 类。`,
  moreShapes: (n) => `还有 ${n} 类（--format json）`,
  noFocus: '也没有看起来像出错的行。',
  localised: '这段输出不是英文。用 LC_ALL=C 再跑一遍，那样的报错也许已有记录。',
  runNotKept: (code) =>
    `退出码 ${code}；没有留存输出（此系统缺少 util-linux 的 script）。要诊断，请用管道送入：… 2>&1 | faultbook`,
  runPossible: (code, id, title) => `退出码 ${code}；疑似 ${id}（${title}）`,
  runUnknown: (code, where) => `退出码 ${code}；没有对得上的记录${where ? '。大概错在这里（猜的）：' : ''}`,
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
