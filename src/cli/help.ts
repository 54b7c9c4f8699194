/** Help, out of the flag table; in Chinese too. */
import type { Lang } from './terminal.ts';
import { type Option, VERBS, type Verb, type VerbName } from './verbs.ts';

/** What each verb does. A test holds this list to the table. */
export const SUMMARIES_ZH: Readonly<Record<string, string>> = {
  diagnose: '输出里是哪个已知错误，别试什么、该试什么',
  run: '原样运行一条命令，退出码不变；失败了就说明已知的原因',
  scan: '多大的日志都行：有哪些已知错误、何时开始、多频繁，还有什么看着不对劲',
  explain: '一条记录的完整页面：原因、检查、该试什么、别试什么',
  list: '列出记录；可按标题、报错、原因里的词过滤（中英文都行）',
  preflight: '运行一条命令之前：对这里未解决的故障，它是不是已知的无用办法',
  init: '接入项目里的编码助手（先看改动再写），或打印给 shell 用的脚本',
  hook: '编码助手在每条命令前后启动的钩子：读入事件，给出回答（由 init 接好）',
  prove: '在隔离环境里用真实软件验证一条记录的每个说法（Linux）',
  drill: '按所有已知方式弄坏它，再照着建议修，全部真跑（Linux）',
  new: '从真实输出开始写一条记录',
  lint: '记录哪里有问题，该怎么改',
  build: '把记录编译成一个包',
  import: '引入别处的记录（文件、列表或目录），并说明收下、修正、拒绝了什么',
  trust: '为一个记录目录或包担保：之后它的建议与自带的一样给出',
  misses: '在这里诊断不了的报错；你开启后才保留，去掉机密，只存本机',
  mcp: '给 AI 智能体用：标准输入输出上的 MCP 服务',
  serve: '同样的服务走 HTTP，只给本机的程序用：/mcp',
  'report-outcome': '说明某个办法试过之后怎样了：fixed、persists、moved、masked、rejected；只存本机',
  reports: '在这里记下的结果；可导出给别人，也可引入别人的',
  completion: '给你的 shell 用的补全脚本',
  export: '把一条记录输出为 JSON',
};

/** What each option does, by name; where one verb means something else by it, by `verb --name`. */
export const OPTIONS_ZH: Readonly<Record<string, string>> = {
  text: '直接给出要诊断的文字',
  follow: '文件变长就接着读，轮转也不断；按 Ctrl-C 出总结',
  since: '只看这之后的行：10m、2h、3d、02:47、2026-11-30 02:47',
  until: '只看到这时为止的行',
  workers: '线程数（默认每个处理器一个）',
  'scan --show': '第 n 类未知行的例子',
  format: '输出格式，默认为第一种',
  limit: '最多显示几条结果（默认 3）',
  environment: '你的环境：debian12，或 nginx=1.22,openssl=3.0，或 any（默认看本机）',
  'prove --environment': '只跑这个环境',
  book: '换用别的书：包、记录目录、builtin；可给多个，合并使用',
  lang: '回答用的语言（默认跟随系统）',
  color: '颜色：auto、always、never',
  'on-fail': '失败时另写一份文件：命令、结局、诊断',
  'no-pager': '即使超过一屏也直接输出',
  cause: '只跑这个原因（healthy：没有故障的环境）',
  action: '只跑这个动作或检查',
  changed: '只跑从没跑过的、或之后改动过的',
  check: '与现有证据比较，什么都不写',
  audit: '随机重跑 n 格并比较',
  seed: '选哪些随机格（默认按当天）',
  plan: '以 JSON 显示会跑什么',
  show: '某一格的完整记录：环境/原因/动作（或 …/?检查）',
  jobs: '同时跑几项（默认每个处理器 3 项）',
  offline: '不下载任何东西',
  records: '记录所在目录（默认 records）',
  stated: '另试一种顺序：动作的键，用逗号分开',
  predicted: '不实际运行：按各格推算的结果',
  from: '含有该错误的输出文件；- 表示标准输入',
  for: 'local：本地可用（默认）；book：够格收入自带的书',
  out: '要写的包（默认 book.pack）',
  to: '写到哪个目录（默认 .faultbook/records）',
  'dry-run': '只说明会做什么，不写任何东西',
  list: '已信任的，以及其中改动过的',
  print: '什么都不写，只打印该助手或 shell 需要的内容',
  yes: '不问就写；没有终端时必须给出',
  'exit-2': '以纯文本回答，退出码为 2（Copilot 在命令失败之后）',
  'init --remove': '撤除',
  remove: '收回信任',
  port: '在 127.0.0.1 的哪个端口监听（默认 8417）',
  'token-file': '令牌文件，每行一个：出示令牌者可上报结果（默认谁都不行）',
  reading: '某项检查读到了什么（检查的键=读数的键）',
  'moved-to': '结果为 moved 时：换成了哪条记录的错误',
  note: '你自己的说明；去掉机密，不给智能体看',
  notes: '导出时连说明一起',
};

/** What stands below the options, by verb. */
export const NOTES_ZH: Readonly<Record<string, string>> = {
  preflight: `只给一个参数就当整行命令，给多个就当它的各个词。不会执行任何东西。不带命令：列出这里还没解决的故障。
退出码：0 没有已知的反对理由，1 给出了警告。`,
  init: `不写名字：项目里有痕迹的、或程序在 PATH 上的代理。只写项目里的文件。
退出码：0 一切如愿，1 什么都没写。`,
  scan: `普通文件、gzip、zstd（Node 支持时）、标准输入都行。ndjson：每找到一行就输出一个事件，顺序不定，最后是总结。
退出码：0 有匹配，1 没有或只是疑似，2 有东西读不了。`,
  import: `格式按内容识别：种子的 JSON、ErrorCanon（deadends.dev）、由它们组成的列表和 NDJSON、CRE 规则（YAML）。
不管原文怎么自称，收下的都标为外来，其中的比率只算“自称”。已有的记录不动。
目录不必引入也能用：faultbook --book 目录。
退出码：0 全部收下（或早已有了），1 有被拒绝的，2 什么都读不了。`,
};

/** What an option does, in Chinese; empty where nobody translated it. */
export function optionZh(verb: string, name: string): string {
  return OPTIONS_ZH[`${verb} --${name}`] ?? OPTIONS_ZH[name] ?? '';
}

/** Help of one verb, or of all. */
export function helpText(verb: VerbName | null, lang: Lang): string {
  const zh = lang === 'zh';
  if (verb === null) {
    const verbs = Object.entries(VERBS).map(
      ([name, v]) =>
        `  ${`${name} ${v.args}`.padEnd(22)}${zh ? (SUMMARIES_ZH[name] ?? v.summary) : v.summary}`,
    );
    return zh
      ? `用法：faultbook [文件…]             诊断文件，或标准输入
      faultbook <动词> [选项]

${verbs.join('\n')}

某个动词的选项：faultbook <动词> --help      版本：faultbook --version
退出码：0 认出了（或一切正常），1 没认出或只是疑似（或有问题），2 用法或输入有误。
`
      : `Usage: faultbook [files…]           diagnose files, or standard input
       faultbook <verb> [options]

${verbs.join('\n')}

Options of a verb: faultbook <verb> --help     Version: faultbook --version
Exit codes: 0 a match (or all is well), 1 none or only possible (or issues), 2 usage or input error.
`;
  }
  const { args, summary, options, notes = '' }: Verb = VERBS[verb];
  const below = zh ? (NOTES_ZH[verb] ?? notes) : notes;
  const end = below === '' ? '' : `\n${below}\n`;
  const rows = Object.entries<Option>(options).map(([name, o]) => {
    const choices = o.choices && zh && name === 'format' ? `：${o.choices.join('、')}` : '';
    const help = zh ? `${optionZh(verb, name) || o.help}${choices}` : o.help;
    return `  ${`--${name} ${o.value ?? ''}`.padEnd(20)}${help}`;
  });
  const usage = `faultbook ${verb} [options] ${args}`.trimEnd();
  return zh
    ? `用法：${usage}\n\n${SUMMARIES_ZH[verb] ?? summary}\n\n${rows.join('\n')}\n${end}`
    : `Usage: ${usage}\n\n${summary}\n\n${rows.join('\n')}\n${end}`;
}
