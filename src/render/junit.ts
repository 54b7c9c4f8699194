/**
 * JUnit XML, as CI systems read it: an output is a test suite, a known error in it a failed test whose failure holds
 * the advice, a possible one a skipped test, and an output without a known error one passed test. Only elements and
 * attributes that both of the common schemas know (Jenkins' junit-4 and junit-10).
 */
import type { Diagnosis, DiagnosisFinding } from '../diagnosis/index.ts';
import type { Lang } from './messages.ts';
import { type DiagnosedInput, findingText, moreText, NO_FILE, noneText, sourceName } from './parts.ts';

const WORDS = {
  en: { passed: 'no known error', noFile: 'standard input' },
  zh: { passed: '没有已知错误', noFile: '标准输入' },
} as const;

/** What XML 1.0 cannot hold, not even as a reference: most C0 controls, lone surrogates, U+FFFE and U+FFFF. */
const ILLEGAL = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  // Always, so that no `]]>` is ever written.
  '>': '&gt;',
  '"': '&quot;',
};

/** Text for content and for attributes between double quotes. */
function xml(text: string): string {
  return text.replace(ILLEGAL, '\ufffd').replace(/[&<>"]/g, (c) => ENTITIES[c] as string);
}

/** @returns an XML document that ends with a newline. */
export function renderJunit(inputs: readonly DiagnosedInput[], options: { readonly lang: Lang }): string {
  const suites = inputs.map((input) => suiteOf(input, options.lang));
  const tests = suites.reduce((n, s) => n + s.tests, 0);
  const failures = suites.reduce((n, s) => n + s.failures, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="faultbook" tests="${tests}" failures="${failures}" errors="0">`,
    ...suites.flatMap((s) => s.lines),
    '</testsuites>',
    '',
  ].join('\n');
}

interface Suite {
  readonly tests: number;
  readonly failures: number;
  readonly lines: readonly string[];
}

function suiteOf({ source, diagnosis }: DiagnosedInput, lang: Lang): Suite {
  const name = source === NO_FILE ? WORDS[lang].noFile : sourceName(source);
  // Viewers take what stands before the last dot for a package; a file's own dots would tear its name apart.
  const classname = `faultbook.${name.replaceAll('.', '_')}`;
  const { findings } = diagnosis;
  const failures = findings.filter((f) => f.verdict === 'match').length;
  const tests = Math.max(1, findings.length);
  const more = moreText(diagnosis, lang);
  return {
    tests,
    failures,
    lines: [
      `  <testsuite name="${xml(name)}" tests="${tests}" failures="${failures}" errors="0" skipped="${findings.length - failures}">`,
      ...(findings.length === 0
        ? [
            `    <testcase name="${xml(WORDS[lang].passed)}" classname="${xml(classname)}">`,
            `      <system-out>${xml(noneText(diagnosis, lang).join('\n'))}</system-out>`,
            '    </testcase>',
          ]
        : findings.flatMap((f) => caseOf(diagnosis, f, classname, lang))),
      ...(more === null ? [] : [`    <system-out>${xml(more)}</system-out>`]),
      '  </testsuite>',
    ],
  };
}

function caseOf(diagnosis: Diagnosis, finding: DiagnosisFinding, classname: string, lang: Lang): string[] {
  const { label, title, place, advice, excerpt } = findingText(diagnosis, finding, lang, 'plain');
  const body = xml([`${label}${place}`, title, `> ${excerpt}`, '', ...advice].join('\n'));
  return [
    `    <testcase name="${xml(finding.id)}" classname="${xml(classname)}">`,
    finding.verdict === 'match'
      ? `      <failure type="${xml(finding.id)}" message="${xml(title)}">${body}</failure>`
      : `      <skipped>${body}</skipped>`,
    '    </testcase>',
  ];
}
