import { type Lockfile, type LockfileFormat, LockfileUnreadable } from '../../lockfile.ts';
import { lockfileText } from './text.ts';
import { readYarnBerry } from './yarn-berry.ts';
import { readYarnClassic } from './yarn-classic.ts';

const CLASSIC = /^# yarn lockfile v1\r?$/m;
const BERRY = /^"?__metadata"?:/m;

/** `yarn.lock`: of yarn 1, whose files say so in a comment, or of yarn 2 and newer, whose files have `__metadata`. */
export const yarnLock: LockfileFormat = {
  id: 'yarn-lock',
  ecosystem: 'npm',
  claims: (filename) => filename === 'yarn.lock',
  read,
};

function read(raw: string): Lockfile {
  const text = lockfileText(raw);
  const classic = CLASSIC.test(text);
  // yarn 4 reads a file with the comment as one of yarn 1, whatever else it has.
  if (classic === BERRY.test(text)) {
    throw new LockfileUnreadable(
      classic ? 'the file says that it is of yarn 1 and of a newer yarn' : 'not a lockfile of any yarn',
    );
  }
  return classic ? readYarnClassic(text) : readYarnBerry(text);
}
