import type { LockfileFormat } from '../../lockfile.ts';
import { bunLock, bunLockBinary } from './bun-lock.ts';
import { packageLock } from './package-lock.ts';
import { pnpmLock } from './pnpm-lock.ts';
import { yarnLock } from './yarn-lock.ts';

/** The lockfiles of npm's package managers. */
export const NPM_LOCKFILES: readonly LockfileFormat[] = [
  packageLock,
  pnpmLock,
  yarnLock,
  bunLock,
  bunLockBinary,
];
