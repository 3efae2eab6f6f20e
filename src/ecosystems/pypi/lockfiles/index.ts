import type { LockfileFormat } from '../../lockfile.ts';
import { PDM_LOCK } from './pdm.ts';
import { PIPFILE_LOCK } from './pipfile.ts';
import { POETRY_LOCK } from './poetry.ts';
import { PYLOCK } from './pylock.ts';
import { REQUIREMENTS } from './requirements.ts';
import { UV_LOCK } from './uv.ts';

/** Every format of Python's lockfiles that is read. */
export const PYPI_LOCKFILES: readonly LockfileFormat[] = [
  REQUIREMENTS,
  POETRY_LOCK,
  PDM_LOCK,
  UV_LOCK,
  PIPFILE_LOCK,
  PYLOCK,
];
