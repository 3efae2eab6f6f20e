import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';

// Says what can be reached from where it runs: `host:port` by TCP, `dns:host` by a question to that name server. Prints one
// line each: `host:port open`, or the error's code.

for (const target of process.argv.slice(2)) console.log(target, await reach(target));
process.exit(0);

async function reach(target: string): Promise<string> {
  const at = target.lastIndexOf(':');
  const [head, tail] = [target.slice(0, at), target.slice(at + 1)];
  if (head === 'dns') {
    const resolver = new Resolver({ timeout: 1000, tries: 1 });
    resolver.setServers([tail]);
    const code = await resolver.resolve4('example.test').then(
      () => 'open',
      (error: NodeJS.ErrnoException) => error.code ?? 'error',
    );
    // "No such name" is an answer all the same.
    return code === 'ENOTFOUND' ? 'open' : code;
  }
  return new Promise((resolve) => {
    const socket = connect({ host: head, port: Number(tail), timeout: 2000 });
    const end = (word: string) => {
      socket.destroy();
      resolve(word);
    };
    socket.once('connect', () => end('open'));
    socket.once('timeout', () => end('ETIMEDOUT'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
  });
}
