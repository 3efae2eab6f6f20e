import { explanationOf } from './explained.ts';
import type { Swept } from './look.ts';

/** The part of docs/inspection.md that `npm run sweep -- --write` writes. */
export const GENERATED = /(<!-- sweep -->)[\s\S]*?(<!-- \/sweep -->)/;

const KINDS = { 'npm-tarball': 'npm tarballs', wheel: 'wheels', sdist: 'source distributions' } as const;

/** The figures, as Markdown. */
export function report(swept: Swept): string {
  const { files, packages, bytes, findings, refused } = swept;
  const counts = Object.entries(KINDS).map(
    ([kind, words]) => `${number(files.get(kind as keyof typeof KINDS) ?? 0)} ${words}`,
  );
  const unexplained = refused.filter((one) => explanationOf(one) === null);
  const lines = [
    `Inspected: ${counts.join(', ')} of ${number(packages)} packages, ${number(Math.round(bytes / 1024 ** 2))} MiB. `,
    `False findings that nobody explained: **${unexplained.length}**. `,
    `Refused for what is so: ${refused.length - unexplained.length}.`,
    '',
    '| finding | files |',
    '|---|---|',
    ...[...findings].sort().map(([code, count]) => `| \`${code}\` | ${number(count)} |`),
  ];
  if (refused.length > 0) {
    lines.push('', '| refused by the starter policy | code | why |', '|---|---|---|');
    const rows = refused.map(
      (one) => `| ${one.filename} | \`${one.code}\` | ${explanationOf(one) ?? 'not explained'} |`,
    );
    lines.push(...rows.sort());
  }
  return lines.join('\n');
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
