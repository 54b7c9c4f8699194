/**
 * Lines that speak of an error instead of reporting one: passed tests, comments, source that raises or handles it,
 * declarations, rows of a table of error codes (`EADDRINUSE: 98 Address already in use`), system calls that probed
 * (`stat("x") = -1 ENOENT (No such file or directory)`).
 */
const SPEECH =
  /^\s*(?:[✓✔√☑]|ok \d|--- PASS|PASS(?:ED)?\b|#{1,6}\s|\/\/|\*\s|except\b.*:\s*$|raise \w|catch\b|\}\s*catch\b|throw new |assert\b|expect\(|def \w|class \w+.*[:{]\s*$|(?:const|let|var|enum) \w|(?:public|protected|private|static) .*[;{]\s*$|if \(|return\b|(?:\d{1,3}[\t ]+)?E(?!RR|X|ND)[A-Z0-9]{2,14}(?::|[\t ])[\t ]*\d{1,3}\b)|\.\.\. ok\s*$|\bPASSED\b|\) += -?\d+ E[A-Z]{2,14} \(/;
/** Of longer lines only the start is looked at. */
const SPEECH_CHARS = 400;

/** Whether a line is about errors rather than of one. */
export function isSpeech(text: string): boolean {
  return SPEECH.test(text.slice(0, SPEECH_CHARS));
}
