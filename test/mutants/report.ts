import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { further } from './further-of-archives.ts';
import { MUTANTS } from './mutants.ts';

const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'mutants.md');

export interface Outcome {
  /** Ids of the replays that fail without the check, in their order. */
  readonly noticed: readonly string[];
  /** Why it does not count; null where it does. */
  readonly wrong: string | null;
}

/** The replays that the document says notice a mutant; none where it is not in it. */
export function noticedBefore(id: string): readonly string[] {
  const row = new RegExp(`^\\| \`${id}\` \\|[^|]*\\|([^|]*)\\|$`, 'm').exec(written());
  return row?.[1]?.trim().split(/\s+/).filter(Boolean) ?? [];
}

export function writeDocument(outcomes: ReadonlyMap<string, Outcome>): void {
  writeFileSync(DOCUMENT, textOf(outcomes));
}

export function documentIs(outcomes: ReadonlyMap<string, Outcome>): boolean {
  return written() === textOf(outcomes);
}

function written(): string {
  return existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '';
}

function textOf(outcomes: ReadonlyMap<string, Outcome>): string {
  const rows = MUTANTS.map(({ id, check }) => {
    const noticed = outcomes.get(id)?.noticed ?? noticedBefore(id);
    return `| \`${id}\` | ${check} | ${noticed.join(' ')} |`;
  });
  return `# Which replay notices that a check is missing

Made by \`npm run mutants -- --write\`; CI fails where it differs. Each row is a check of the admission path. It is left out of a
firewall that is started for it (\`test/mutants/mutants*.ts\` have the text; one that is made twice is left out in both places), and
the replays are asked of that firewall. Those that fail, because something got through or was judged otherwise, stand in the
row. A check that none of them notices fails the run. What takes gigabytes, a crash or two requests at one moment to see, such as the bounds on bytes and entries, that an entry is
durable before the first byte or that a policy is still in force when it is written, is left out by no row: tests of the full tier show
it ([controls.md](controls.md), [attacks.md](attacks.md)). RP is a row of [incidents.md](incidents.md); MX is one of the list below, for
what no incident stands for.

| | what is no longer checked | replays that notice |
|---|---|---|
${rows.join('\n')}

| | replay |
|---|---|
${further.map(({ id, title }) => `| ${id} | ${title} |`).join('\n')}
`;
}
