import type { ReasonCode } from '../../src/model/reason-codes.ts';
import type { Gate } from './gate.ts';
import type { Victim } from './victim.ts';
import type { World } from './world.ts';

/** What a client's command is, where a row's words name one: shown in the table. */
export type ClientId = 'npm-11' | 'npm-12' | 'pip-23' | 'pip-26';

/** A refusal's code. */
export type Code = ReasonCode;

/** What the firewall must have said. The code is that of the entry's first reason. */
export interface Refused {
  readonly code: Code;
  /** The package that is refused: an allowed one, unless the code is `NOT_ALLOWLISTED`. Null: a request that is refused for what it is. */
  readonly name: string | null;
  readonly ecosystem: 'npm' | 'pypi';
}

/** One way in which an install was turned against who installed, rebuilt with harmless packages. */
export interface Row {
  /** `RP02`. Names, file names and paths of the row begin with it in lower case (`rp02-…`). */
  readonly id: string;
  /** The technique in a line, without a full stop. */
  readonly title: string;
  /** The incidents that it stands for, with the year. */
  readonly happened: string;
  /** `C10` …: the controls that are to catch it. */
  readonly controls: readonly string[];
  /** Why a gate cannot catch it, or what of it remains when this replay is caught: said plainly in the docs. */
  readonly open?: string;
  /** The clients that `attack` uses. */
  readonly clients?: readonly ClientId[];
  /** YAML of its profile without the line `profile:`; every name in it is allowed. */
  readonly policy: string;
  /** Puts the packages into the upstream. Called once for each world, before anything else is done there. */
  stage(world: World): void | Promise<void>;
  /**
   * What the victim types; once bare, once behind the firewall, each time in a world of its own. Left out where there is
   * nothing to type (an open row). It must not throw because the client fails: that is what `victim` records.
   */
  attack?(victim: Victim, world: World): Promise<void>;
  /**
   * Whether the attack worked, asked after `attack`; left out, whether the marker was written. Bare it must say true, else
   * the row is stale; behind the firewall false. What it is, is said in `effect`.
   */
  harmed?(victim: Victim, world: World): boolean | Promise<boolean>;
  /** What is seen where the attack works, where that is no marker: `the other host was asked`. */
  readonly effect?: string;
  /** Null for a row that is caught by serving what the bare client does not get (RP01), and for open ones. */
  readonly refused: Refused | null;
  /** Who must not be contacted behind the firewall; of the upstream, not for anything of this row. */
  readonly untouched?: 'foreign' | 'upstream';
  /**
   * The same by plain HTTP, in a world of its own: throws unless it is caught with the expected code. Used by the mutation
   * run, so it takes less than 300 ms.
   */
  probe(gate: Gate, world: World): Promise<void>;
}
