/** What somebody sees who types `faultbook` for the first time: twelve lines, never a wait. */
import { openBook } from '../store/index.ts';
import type { Lang } from './terminal.ts';
import { VERSION } from './version.ts';

export async function orientation(lang: Lang): Promise<string> {
  const { records } = await openBook();
  const domains = new Set(records.map((r) => r.domain)).size;
  const example = records[0]?.id ?? 'domain/slug';
  if (lang === 'zh') {
    return `faultbook ${VERSION} - 一本“已知故障”的书：给它真实的报错，它给你诚实的诊断
${records.length} 条记录，${domains} 个领域。完全离线，任何内容都不会离开本机。

  make 2>&1 | faultbook          这是什么错误、别试什么、该试什么
  faultbook build.log            对文件做同样的事（支持 .gz）
  faultbook explain ${example}
  faultbook list 端口             按关键词查找记录

全部命令：faultbook --help         English: faultbook --lang en
`;
  }
  return `faultbook ${VERSION} - a book of known failures: real output in, an honest diagnosis out
${records.length} records, ${domains} domains. Offline; nothing leaves this machine.

  make 2>&1 | faultbook          what is this error, what not to try, what to try
  faultbook build.log            the same for a file (.gz too)
  faultbook explain ${example}
  faultbook list port            find records by words

All commands: faultbook --help     中文: faultbook --lang zh
`;
}
