import { connect } from 'node:net';

/** What came back of many requests: how many answers of each status. */
export type Answers = Readonly<Record<number, number>>;

/**
 * Asks for each path by GET, over connections that stay open, several requests ahead of their answers on each. Bodies are
 * counted and thrown away. Rejects where a connection ends early, or an answer has no length.
 */
export async function askMany(
  port: number,
  count: number,
  pathOf: (n: number) => string,
  { connections = 32, ahead = 8 } = {},
): Promise<Answers> {
  const answers: Record<number, number> = {};
  let next = 0;
  const work = () => (next < count ? pathOf(next++) : null);
  await Promise.all(Array.from({ length: connections }, () => connection(port, ahead, work, answers)));
  return answers;
}

function connection(
  port: number,
  ahead: number,
  work: () => string | null,
  answers: Record<number, number>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let open = 0;
    let rest: Buffer = Buffer.alloc(0);
    /** Bytes of a body that are still to come. */
    let body = 0;
    const send = () => {
      let text = '';
      while (open < ahead) {
        const path = work();
        if (path === null) break;
        text += `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
        open++;
      }
      if (text !== '') socket.write(text);
      else if (open === 0) socket.end();
    };
    socket.on('connect', send);
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (;;) {
        const taken = Math.min(body, rest.length);
        body -= taken;
        rest = rest.subarray(taken);
        if (body > 0) break;
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) break;
        const head = rest.toString('latin1', 0, end);
        const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? [];
        const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
        if (status === undefined || length === undefined) {
          reject(new Error(`an answer cannot be read: ${head}`));
          socket.destroy();
          return;
        }
        answers[Number(status)] = (answers[Number(status)] ?? 0) + 1;
        body = Number(length);
        rest = rest.subarray(end + 4);
        open--;
      }
      send();
    });
    socket.on('error', reject);
    socket.on('close', () => (open === 0 ? resolve() : reject(new Error(`${open} requests had no answer`))));
  });
}
