import { createHash } from 'node:crypto';
import { Agent, get } from 'node:http';

/** What came back, without its body. */
export interface Seen {
  readonly status: number;
  readonly bytes: number;
  /** sha512 of the body as sent, hex. */
  readonly sha512: string;
  readonly encoding: string | null;
  readonly ms: number;
}

export const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** One GET; the body is hashed and thrown away. Rejects where it is cut off. */
export function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers }, (response) => {
      const hash = createHash('sha512');
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        hash.update(chunk);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          bytes,
          sha512: hash.digest('hex'),
          encoding: response.headers['content-encoding'] ?? null,
          ms: performance.now() - began,
        }),
      );
    });
    request.on('error', reject);
  });
}

/** The value below which the given share of the numbers lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** `{ a: 1.234 }` as `a 1.2`: for the lines that a run prints. */
export function figures(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`)
    .join(', ');
}
