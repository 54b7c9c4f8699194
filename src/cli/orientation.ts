/** What somebody sees who types `faultbook` for the first time: twelve lines, never a wait. */
import { openBook } from '../store/index.ts';
import type { Lang } from './terminal.ts';
import { VERSION } from './version.ts';

/** Shown as an example where the book has it: what nearly everybody has met. */
const EXAMPLE = 'git/dubious-ownership';

export async function orientation(lang: Lang): Promise<string> {
  const { records, evidence } = await openBook();
  const domains = new Set(records.map((r) => r.domain)).size;
  const proven = evidence.filter((e) => e?.tier === 'proven');
  const trials = evidence.reduce((sum, e) => sum + (e?.trials ?? 0), 0).toLocaleString('en');
  const example = records.some((r) => r.id === EXAMPLE) ? EXAMPLE : (records[0]?.id ?? 'domain/slug');
  if (lang === 'zh') {
    return `faultbook ${VERSION} - 一本“已知故障”的书，书里的每句话都真跑过
${records.length} 条记录，${domains} 个领域，其中 ${proven.length} 条全部验证过（共 ${trials} 次试验）。完全离线，任何内容都不会离开本机。

  make 2>&1 | faultbook          这是什么错误、别试什么、该试什么
  faultbook build.log            对文件做同样的事（多大都行，也支持 .gz）
  faultbook run -- npm ci        照常运行；失败了就说明原因
  faultbook explain ${example}
  faultbook scan app.log         日志多大都行：有哪些错误、何时开始、多频繁
  faultbook list 端口             按关键词查找记录
  faultbook init                 接入 AI 编程助手（先给你看改动）

全部命令：faultbook --help         English: faultbook --lang en
`;
  }
  return `faultbook ${VERSION} - a book of known failures in which every claim has been run
${records.length} records, ${domains} domains, ${proven.length} proven (${trials} trials). Offline; nothing leaves this machine.

  make 2>&1 | faultbook          what is this error, what not to try, what to try
  faultbook build.log            the same for a file (any size, .gz too)
  faultbook run -- npm ci        run it; explain it if it fails
  faultbook explain ${example}
  faultbook scan app.log         logs of any size: which errors, since when, how often
  faultbook list port            find records by words
  faultbook init                 wire it into AI agents (shows a diff first)

All commands: faultbook --help     中文: faultbook --lang zh
`;
}
