import type { FakeRegistry } from '../harness/registry.ts';
import type { World as Sigstore } from '../harness/sigstore-world.ts';

/** Snippets that write the marker, if and only if the environment says where. Harmless wherever else they run. */
export interface Mark {
  /** For `scripts` and `binding.gyp`; has no double quotes. */
  readonly shell: string;
  /** CommonJS. */
  readonly js: string;
  /** One line, so that it may stand in a `.pth`: it begins with `import`. */
  readonly python: string;
}

/** A host on loopback that belongs to nobody: logs every request, and serves what is put there. */
export interface Foreign {
  /** `http://127.0.0.1:PORT/rp21`: everything below it is this row's. No slash at the end. */
  readonly url: string;
  /** `GET /rp21/x.tgz` for each request of this row. */
  readonly asked: readonly string[];
  /** Serves bytes at `url + path` (`/x.tgz`); everything else is 404. */
  put(path: string, body: string | Uint8Array): void;
}

/** What one row has around it: the bare run, the firewalled run and the probe each have another. */
export interface World {
  /** The upstream. Shared with other rows that run now: use the row's own names, leave its switches alone. */
  readonly registry: FakeRegistry;
  readonly foreign: Foreign;
  readonly mark: Mark;
  /** Whose keys and root the firewall trusts. */
  readonly sigstore: Sigstore;
  /** Time in the past as an index tells it, ISO 8601: `ago('2d')`, `ago('3h')`, `ago('10m')`. */
  ago(span: string): string;
  /** Requests that the upstream got with the row's id in their path: `GET /npm-up/rp02-widget`. */
  upstreamAsked(): string[];
}
