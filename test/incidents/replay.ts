import type { Base } from './base.ts';
import { openVictim } from './jailed-victim.ts';
import type { OpenGate } from './open-gate.ts';
import type { Result, Status } from './result.ts';
import type { ClientId } from './row.ts';
import type { FiledRow } from './rows.ts';

/** What two worlds are needed for: bare and behind, so that nothing of one run is remembered in the other. */
export interface Place {
  readonly bare: Base;
  readonly behind: Base;
  readonly open: OpenGate;
  /** What `installClients` resolved with. */
  readonly clients: string;
  /** What a table calls each: `npm 11.19.1`. */
  readonly clientNames: Readonly<Record<ClientId, string>>;
}

/** The attack with the bare client, then behind the firewall. Rejects for nothing that the row does. */
export async function replay(row: FiledRow, place: Place): Promise<Result> {
  const from = performance.now();
  const errors: string[] = [];
  let status: Status = row.attack ? 'caught' : 'open';
  try {
    if (row.attack) {
      const bare = await attackBare(row, place);
      if (bare !== null) {
        status = 'stale';
        errors.push(bare);
      } else {
        errors.push(...(await attackBehind(row, place)));
        if (errors.length > 0) status = 'missed';
      }
    }
  } catch (error) {
    status = 'missed';
    errors.push(error instanceof Error ? error.message : String(error));
  }
  return {
    id: row.id,
    title: row.title,
    happened: row.happened,
    file: row.file,
    controls: row.controls,
    clients: (row.clients ?? []).map((id) => place.clientNames[id]),
    status,
    effect: row.attack ? (row.effect ?? 'its code ran') : null,
    code: row.refused?.code ?? null,
    untouched: row.untouched ?? null,
    open: row.open ?? null,
    errors,
    ms: Math.round(performance.now() - from),
  };
}

/** Null where it works; else what was seen instead. */
async function attackBare(row: FiledRow, { bare, clients }: Place): Promise<string | null> {
  const world = bare.worldOf(row.id);
  const victim = await openVictim({ gate: null, base: bare, clients });
  try {
    await row.stage(world);
    await row.attack?.(victim, world);
    const harmed = await (row.harmed ? row.harmed(victim, world) : victim.marked());
    // What is not to be contacted behind the firewall must be contacted here, or its silence shows nothing.
    if (row.untouched === 'foreign' && world.foreign.asked.length === 0)
      return 'without a firewall nobody asks the other host';
    if (row.untouched === 'upstream' && world.upstreamAsked().length === 0)
      return 'without a firewall nobody asks the upstream';
    if (harmed) return null;
    return `without a firewall the attack does not work: ${lastWords(victim)}`;
  } finally {
    await victim.close();
  }
}

/** What is not as it should be. */
async function attackBehind(row: FiledRow, { behind, open, clients }: Place): Promise<string[]> {
  const errors: string[] = [];
  const world = behind.worldOf(row.id);
  const gate = open.gateOf(row);
  const victim = await openVictim({ gate, base: behind, clients });
  try {
    await row.stage(world);
    await row.attack?.(victim, world);
    if (await (row.harmed ? row.harmed(victim, world) : victim.marked()))
      errors.push(`the attack works: ${row.effect ?? 'its code ran'}`);
    if (await victim.marked()) errors.push('its code ran');
    if (row.untouched === 'foreign' && world.foreign.asked.length > 0)
      errors.push(`the other host was asked: ${world.foreign.asked.join(', ')}`);
    const asked = row.untouched === 'upstream' ? world.upstreamAsked() : [];
    if (asked.length > 0) errors.push(`the upstream was asked: ${asked.join(', ')}`);
    const entries = await gate.ledger();
    if (entries.length === 0) errors.push(`the firewall was not asked at all: ${lastWords(victim)}`);
    errors.push(...judged(row, entries, lastWords(victim)));
    return errors;
  } finally {
    await victim.close();
  }
}

/** Whether the ledger has the refusal that is expected, and none for want of a rule. */
function judged(
  row: FiledRow,
  entries: readonly Readonly<Record<string, unknown>>[],
  said: string,
): string[] {
  const { refused } = row;
  if (!refused) return [];
  const ours = entries.filter(
    (entry) => entry['type'] === 'decision' && (entry['name'] ?? null) === refused.name,
  );
  const codes = ours.filter(({ verdict }) => verdict === 'refuse').map(codesOf);
  const errors: string[] = [];
  if (!codes.some(([first]) => first === refused.code)) {
    const seen = codes.map((list) => list.join('+')).join(', ') || 'nothing';
    errors.push(
      `the ledger has no entry that refuses ${refused.name ?? 'a request'} as ${refused.code}: ${seen}; ${said}`,
    );
  }
  if (refused.code !== 'NOT_ALLOWLISTED' && codes.some((list) => list.includes('NOT_ALLOWLISTED')))
    errors.push(`${refused.name} is not allowed at all`);
  return errors;
}

function codesOf(entry: Readonly<Record<string, unknown>>): string[] {
  return (entry['reasons'] as { code: string }[] | undefined)?.map(({ code }) => code) ?? [];
}

function lastWords({
  reports,
}: {
  readonly reports: readonly { readonly stdout: string; readonly stderr: string }[];
}): string {
  return reports
    .slice(-2)
    .map(({ stdout, stderr }) => `${stdout}${stderr}`.trim().slice(-600))
    .join(' | ');
}
