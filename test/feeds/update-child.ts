import { updateFeed } from '../../src/feed/update.ts';

// One update, in a process that a test kills: FOLDER FROM NOW.

const [, , dir = '', from = '', now = '0'] = process.argv;
process.stdout.write('begins\n');
await updateFeed(dir, [from], () => Number(now), { force: false });
