import type { World as Sigstore } from '../harness/sigstore-world.ts';
import { mintSigstore, startBase } from './base.ts';
import { openGate } from './open-gate.ts';
import type { Row } from './row.ts';
import { rows as all } from './rows.ts';

export interface ProbeOptions {
  /** Left out, all. */
  readonly rows?: readonly Row[];
  /** More of the firewall's environment, such as `NODE_OPTIONS`. */
  readonly env?: Readonly<Record<string, string>>;
  /** One that was minted before: minting takes longer than many probes. */
  readonly sigstore?: Sigstore;
}

export interface Probed {
  readonly id: string;
  /** Whether it was caught, with the code that is expected. */
  readonly ok: boolean;
  readonly error: string | null;
  readonly ms: number;
}

/**
 * Starts an upstream and a firewall process, and runs every probe once, one after another. Rejects where the firewall does
 * not start; a probe that throws is not ok.
 */
export async function probeAll(options: ProbeOptions = {}): Promise<Probed[]> {
  const rows = options.rows ?? all;
  const base = await startBase(options.sigstore ?? (await mintSigstore()));
  try {
    const open = await openGate(rows, base, options.env);
    try {
      const probed: Probed[] = [];
      for (const row of rows) {
        const from = performance.now();
        const error = await (async () => {
          const world = base.worldOf(row.id);
          const gate = open.gateOf(row);
          await row.stage(world);
          await row.probe(gate, world);
          return null;
        })().catch((thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)));
        probed.push({ id: row.id, ok: error === null, error, ms: Math.round(performance.now() - from) });
      }
      return probed;
    } finally {
      await open.close();
    }
  } finally {
    await base.close();
  }
}

if (import.meta.main) {
  const only = process.argv.slice(2);
  const rows = only.length === 0 ? all : all.filter(({ id }) => only.includes(id));
  const probed = await probeAll({ rows });
  for (const { id, ok, error, ms } of probed)
    console.log(id, ok ? 'caught' : `not caught: ${error}`, `${ms} ms`);
  const failed = probed.filter(({ ok }) => !ok).length;
  console.log(`${probed.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
