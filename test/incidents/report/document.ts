import type { Result } from '../result.ts';

/** `docs/incidents.md`: nothing in it changes from one run to the next as long as every replay comes to the same. */
export function document(results: readonly Result[]): string {
  const of = (status: Result['status']) => results.filter((result) => result.status === status);
  const [caught, open, stale, missed] = [of('caught'), of('open'), of('stale'), of('missed')];
  const failed = [...stale, ...missed];
  const parts = [
    '# Forty incidents, replayed',
    '',
    'Made by `npm run incidents -- --write`; do not edit. CI runs all of it and compares.',
    '',
    'Each replay is a known way in which an install was turned against the one who installed, rebuilt with harmless packages on a registry on',
    'loopback. It is run with the real client twice: bare, where what it does must be seen, and behind the firewall, where it must not, and where',
    "the ledger must have the refusal with the code that is named here. In every one the package's name is on the allowlist, unless that it is not is the",
    'point: what is wrong is what is caught. A replay that no longer works with the bare client counts as stale, not as caught.',
    '',
    '```sh',
    'npm run incidents',
    'npm run incidents -- --only RP02 --junit incidents.xml --sarif incidents.sarif --json incidents.json',
    '```',
    '',
    `**${caught.length} caught, ${open.length} open${failed.length > 0 ? `, ${stale.length} stale, ${missed.length} missed` : ''}**, of ${results.length}.`,
    '',
    '| replay | technique | happened | client | bare | behind the firewall | controls |',
    '|---|---|---|---|---|---|---|',
    ...results.map(line),
    '',
    '## What each control caught',
    '',
    'The numbers are those of [the table of controls](controls.md).',
    '',
    '| control | replays |',
    '|---|---|',
    ...byControl(caught).map(([control, ids]) => `| ${control} | ${ids.join(' ')} |`),
    '',
    '## What remains open',
    '',
    ...results.filter((result) => result.open !== null).map((result) => remains(result)),
    '',
  ];
  return parts.join('\n');
}

function line(result: Result): string {
  const cells = [
    result.id,
    result.title,
    result.happened,
    result.clients.join(', ') || '–',
    result.effect ?? '–',
    behind(result),
    result.controls.join(' ') || '–',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function behind({ status, code, untouched }: Result): string {
  if (status === 'open') return '**open**';
  if (status !== 'caught') return `**${status}**`;
  const caught = code === null ? 'does not happen' : `\`${code}\``;
  if (untouched === null) return caught;
  return `${caught}; the ${untouched === 'foreign' ? 'other host' : 'upstream'} is not asked`;
}

function byControl(caught: readonly Result[]): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const { controls, id } of caught)
    for (const control of controls) found.set(control, [...(found.get(control) ?? []), id]);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function remains({ id, status, open, title }: Result): string {
  return status === 'open'
    ? `- **${id}, ${title}**: not caught. ${open}`
    : `- ${id}, ${title}: this replay is caught; beyond it, ${open}`;
}
