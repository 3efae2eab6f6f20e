import { createSocket } from 'node:dgram';
import { connect as connectTcp, isIP, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { octetCounted, syslogMessage } from './line.ts';
import { codeOf, type Message, SendError, type Sender } from './sender.ts';
import type { SyslogAddress } from './target.ts';

export interface SyslogOptions {
  /** Our host's name in the messages. */
  readonly host: string;
  readonly ca?: string;
  /** How long a batch may take, ms. */
  readonly timeout?: number;
}

const TIMEOUT = 60_000;

/** How long after the last byte a receiver may still turn out to have gone before it, ms: longer than bytes travel. */
const SETTLE = 100;

/** Bytes of a message in one datagram: what IPv4 carries, less the headers. */
const MAX_DATAGRAM = 65_000;

/**
 * Syslog over TLS (RFC 5425) or TCP (RFC 6587). Neither acknowledges a message. So each batch has a connection of its own,
 * which we end after the last message, and it counts as taken when the receiver has ended it as well: it does
 * that when it has read everything. A receiver that dies before gets the batch again.
 */
export function syslogStream(address: SyslogAddress, options: SyslogOptions): Sender {
  const { host, timeout = TIMEOUT } = options;
  return {
    async send(messages, signal) {
      const frames = messages.map(({ entry, line }) => octetCounted(syslogMessage(entry, line, host)));
      const socket = open(address, options);
      try {
        await delivered(
          socket,
          Buffer.from(frames.join('')),
          AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
        );
      } catch (cause) {
        throw new SendError(`the syslog receiver did not take it (${codeOf(cause)})`, { cause });
      } finally {
        socket.destroy();
      }
    },
    close: async () => undefined,
  };
}

function open({ kind, host, port }: SyslogAddress, { ca }: SyslogOptions): Socket {
  if (kind !== 'tls') return connectTcp({ host, port });
  return connectTls({
    host,
    port,
    // Not left to the environment, as in the webhook.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
  });
}

/**
 * Resolves when the receiver ended the connection because we did. One that ends it by itself, while the last bytes are on
 * their way, must not be taken for that: so we wait a while before our end.
 */
function delivered(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let ended = false;
    const give = () => socket.destroy(Object.assign(new Error('given up'), { code: 'TIMEOUT' }));
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
    // Whatever it says is dropped; unread, its end would never be seen.
    socket.resume();
    socket.on('error', reject);
    socket.on('end', () => {
      if (ended) resolve();
      else reject(Object.assign(new Error('ended early'), { code: 'ENDED_EARLY' }));
    });
    socket.on('close', () => {
      signal.removeEventListener('abort', give);
      clearTimeout(settling);
      reject(Object.assign(new Error('closed'), { code: 'CLOSED' }));
    });
    let settling: NodeJS.Timeout | undefined;
    socket.write(bytes, () => {
      settling = setTimeout(() => {
        ended = true;
        socket.end();
      }, SETTLE);
    });
  });
}

/**
 * Syslog over UDP (RFC 5426). Nothing says whether a datagram arrived: each is sent once, and what is lost is lost. What
 * fits into none is sent as its place and leaf hash alone.
 */
export function syslogDatagrams({ host, port }: SyslogAddress, options: SyslogOptions): Sender {
  return {
    async send(messages, signal) {
      const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
      // Some faults come as events, after the call that caused them.
      socket.on('error', () => undefined);
      try {
        for (const message of messages) {
          signal.throwIfAborted();
          await new Promise<void>((resolve, reject) =>
            socket.send(datagramOf(message, options.host), port, host, (error) =>
              error ? reject(error) : resolve(),
            ),
          );
        }
      } catch (cause) {
        throw new SendError(`the datagram was not sent (${codeOf(cause)})`, { cause });
      } finally {
        socket.close();
      }
    },
    close: async () => undefined,
  };
}

function datagramOf({ entry, line }: Message, host: string): Buffer {
  const whole = Buffer.from(syslogMessage(entry, line, host));
  if (whole.length <= MAX_DATAGRAM) return whole;
  return Buffer.from(
    syslogMessage(entry, JSON.stringify({ seq: entry.seq, leaf: entry.leaf, cut: 'yes' }), host),
  );
}
