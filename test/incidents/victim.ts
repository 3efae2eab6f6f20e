import type { JailReport } from '../harness/jail.ts';

export interface VictimOptions {
  /** Further environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/**
 * Somebody who installs, in a jail with a fresh home and project. Bare, the jail has the registry, its files and the foreign
 * host, and the clients are pointed to the registry; behind, the firewall and the foreign host.
 */
export interface Victim {
  /** Whether nothing protects it. */
  readonly bare: boolean;
  /** Base of the npm registry that it is pointed to, with a slash at the end. */
  readonly npmBase: string;
  /** The simple index that it is pointed to, with a slash at the end. */
  readonly pypiBase: string;
  /** Absolute paths. */
  readonly project: string;
  readonly home: string;
  /** `npm ARGS` (11.19.1, which runs what packages bring) in the project. Never throws over an exit code. */
  npm(...args: string[]): Promise<JailReport>;
  /** The newest npm, on the same project. */
  npm12(...args: string[]): Promise<JailReport>;
  /** pip 26 on the project's virtual environment, which has nothing but pip: `pip('install', 'rp16-x')`. */
  pip(...args: string[]): Promise<JailReport>;
  /** pip 23.2.1. */
  pip23(...args: string[]): Promise<JailReport>;
  /** The virtual environment's python: `python('-c', 'pass')` is a next start. */
  python(...args: string[]): Promise<JailReport>;
  /** Any command; `options` for this step. */
  run(command: string, args: readonly string[], options?: VictimOptions): Promise<JailReport>;
  /** A file of the project; `~/x` is in the home. */
  write(path: string, text: string): Promise<void>;
  /** Null where it is not there. */
  read(path: string): Promise<string | null>;
  exists(path: string): Promise<boolean>;
  /** Whether a snippet of `world.mark` was run. */
  marked(): Promise<boolean>;
  /** A new home and nothing installed; the project's own files stay. */
  fresh(): Promise<void>;
  /** Every command so far, with what came of it. */
  readonly reports: readonly JailReport[];
}
