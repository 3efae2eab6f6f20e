import type { Ecosystem } from './ecosystem.ts';
import { npm } from './npm/npm.ts';
import { pypi } from './pypi/pypi.ts';

/** Every ecosystem that this firewall speaks. A new one is a folder and a line here. */
export const ECOSYSTEMS: readonly Ecosystem[] = [npm, pypi];
