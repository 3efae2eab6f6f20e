import { isFailure, type Result } from '../result.ts';

/** JUnit XML as CI systems read it: one suite, a case for each replay; an open one is skipped with its reason. */
export function junit(results: readonly Result[]): string {
  const failures = results.filter(isFailure).length;
  const skipped = results.filter(({ status }) => status === 'open').length;
  const seconds = (ms: number) => (ms / 1000).toFixed(3);
  const all = seconds(results.reduce((sum, { ms }) => sum + ms, 0));
  const totals = `tests="${results.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${all}"`;
  const cases = results.map((result) => {
    const name = text(`${result.id} ${result.title}`);
    const head = `<testcase classname="incidents" name="${name}" file="${text(result.file)}" time="${seconds(result.ms)}"`;
    const body = inside(result);
    return body === '' ? `    ${head}/>` : `    ${head}>${body}</testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="incidents" ${totals}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function inside(result: Result): string {
  if (result.status === 'open') return `<skipped message="${text(result.open ?? '')}"/>`;
  if (!isFailure(result)) return '';
  return `<failure message="${text(result.errors[0] ?? '')}" type="${result.status}">${text(result.errors.join('\n'))}</failure>`;
}

/** As XML 1.0 has it, in attributes too: characters that no document may hold become `?`. */
function text(raw: string): string {
  return (
    raw
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids
      .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '?')
      .replace(/[&<>"'\n\r\t]/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}
