/** Outgoing calls over real sockets: trust, limits, redirects, and that nothing injected goes astray. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Failure } from '../../server/errors.ts';
import { canary, makeCertificate, openPlace, openService } from './place.ts';

const limit = { timeout: 120_000 };
const injected = { kind: 'header', name: 'Authorization', value: `Bearer ${canary}` } as const;

function get(url: string, more: object = {}) {
  return { method: 'GET', url: new URL(url), headers: [], timeoutMs: 10_000, ...more };
}

test(
  'a certificate is trusted when its file is named, and refused with a clear word when not',
  limit,
  async (t) => {
    const certificate = makeCertificate();
    const service = await openService(t, () => ({ body: 'safe' }), certificate);
    const trusting = await openPlace(t, { certificates: certificate.cert });
    const { status, body } = await trusting.client.send(get(service.origin));
    assert.equal(status, 200);
    assert.equal(body.toString(), 'safe');

    const { client } = await openPlace(t);
    await assert.rejects(client.send(get(service.origin, { injected })), (thrown: Failure) => {
      assert.equal(thrown.code, 'call-failed');
      assert.match(
        thrown.message,
        /^The certificate of localhost:\d+ is not trusted .*WORKFLOW_KEYS_CA_FILE/,
      );
      return true;
    });
    assert.equal(service.received.length, 1);
  },
);

test('calls one after another share their connections', limit, async (t) => {
  const service = await openService(t, () => ({ body: 'x' }));
  const { client } = await openPlace(t);
  for (let call = 0; call < 20; call += 1) await client.send(get(service.origin));
  assert.equal(service.received.length, 20);
  assert.ok(service.connections() <= 2);
});

test('a redirect within the origin keeps the credential', limit, async (t) => {
  const service = await openService(t, ({ url }) =>
    url === '/old' ? { status: 308, headers: { location: '/new' } } : { body: url },
  );
  const { client } = await openPlace(t);
  const answer = await client.send({
    ...get(`${service.origin}/old`, { injected }),
    method: 'PUT',
    body: Buffer.from('kept'),
  });
  assert.equal(answer.url.pathname, '/new');
  assert.deepEqual(
    service.received.map(({ method, headers, body }) => [method, headers.authorization, body]),
    [
      ['PUT', injected.value, 'kept'],
      ['PUT', injected.value, 'kept'],
    ],
  );
});

test(
  'a redirect to another origin gets neither the credential nor a header of its own, nor on the way back',
  limit,
  async (t) => {
    const other = await openService(t, () => ({
      status: 307,
      headers: { location: `${service.origin}/back` },
    }));
    const service = await openService(t, ({ url }) =>
      url.startsWith('/away')
        ? { status: 307, headers: { location: `${other.origin}/landed` } }
        : { body: 'end' },
    );
    const { client } = await openPlace(t);
    const headers = [
      ['x-private', canary],
      ['cookie', canary],
      ['accept', 'text/plain'],
    ] as const;
    for (const added of [injected, { kind: 'query', name: 'key', value: canary } as const]) {
      const answer = await client.send(get(`${service.origin}/away`, { injected: added, headers }));
      assert.equal(answer.body.toString(), 'end');
      assert.ok(!answer.url.href.includes(canary));
    }
    assert.equal(other.received.length, 2);
    assert.ok(!JSON.stringify(other.received).includes(canary));
    assert.equal(other.received[0]?.headers.accept, 'text/plain');
    const back = service.received.filter(({ url }) => url === '/back');
    assert.equal(back.length, 2);
    assert.ok(!JSON.stringify(back).includes(canary));
  },
);

test('after a POST, 302 and 303 are followed by a GET without the body', limit, async (t) => {
  for (const status of [302, 303]) {
    const service = await openService(t, ({ url }) =>
      url === '/a' ? { status, headers: { location: '/b' } } : {},
    );
    const { client } = await openPlace(t);
    const headers = [['content-type', 'text/plain']];
    await client.send({ ...get(`${service.origin}/a`, { headers }), method: 'POST', body: Buffer.from('x') });
    const [, second] = service.received;
    assert.deepEqual([second?.method, second?.body, second?.headers['content-type']], ['GET', '', undefined]);
  }
});

test('redirects in a circle, and to what is no web address, end with a clear word', limit, async (t) => {
  const { client } = await openPlace(t);
  for (const [location, message] of [
    ['/again', /redirects more than 5 times/],
    ['file:///etc/hostname', /no http or https address/],
    ['http://user:pass@127.0.0.1/', /no http or https address/],
  ] as const) {
    const service = await openService(t, () => ({ status: 302, headers: { location } }));
    await assert.rejects(client.send(get(service.origin)), { code: 'call-failed', message });
  }
});

test(
  'a service that never answers, and one that never ends, are given up at the timeout',
  limit,
  async (t) => {
    const silent = await openService(t, () => undefined);
    const endless = await openService(t, (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('drip'), 20);
      response.on('close', () => clearInterval(timer));
      return undefined;
    });
    const { client } = await openPlace(t);
    for (const service of [silent, endless]) {
      await assert.rejects(client.send(get(service.origin, { timeoutMs: 300, injected })), {
        code: 'call-timeout',
        message: /^127\.0\.0\.1:\d+ did not answer in full within 0\.3 s\.$/,
      });
    }
  },
);

test(
  'an answer of more than 10 MiB is refused while it comes in, and the connection is ended',
  limit,
  async (t) => {
    const closed = Promise.withResolvers<void>();
    const service = await openService(t, (_, response) => {
      response.on('close', closed.resolve);
      response.writeHead(200);
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', pour);
      pour();
      return undefined;
    });
    const { client } = await openPlace(t);
    await assert.rejects(client.send(get(service.origin)), {
      code: 'call-failed',
      message: /more than 10 MiB/,
    });
    await closed.promise;
  },
);

test(
  'answers that come in at the same time are held to a limit together, and the memory is given back',
  limit,
  async (t) => {
    const gate = Promise.withResolvers<void>();
    const half = 'x'.repeat(600_000);
    const service = await openService(t, async ({ url }, response) => {
      if (url !== '/first') return { body: half };
      response.writeHead(200);
      response.write(half);
      await gate.promise;
      response.end();
      return undefined;
    });
    const { client } = await openPlace(t, { heldLimitBytes: 1_000_000 });
    const first = client.send(get(`${service.origin}/first`));
    await once(service.server, 'request');
    // How much of the first is in already is not known, but its half stays in.
    const outcomes: string[] = [];
    while (outcomes.at(-1) !== 'busy') {
      const said = await client.send(get(`${service.origin}/second`)).then(
        () => 'read',
        (thrown: Failure) => thrown.code,
      );
      outcomes.push(said);
    }
    gate.resolve();
    assert.equal((await first).body.length, half.length);
    assert.equal((await client.send(get(`${service.origin}/second`))).status, 200);
  },
);

test('an answer of exactly 10 MiB is read', limit, async (t) => {
  const service = await openService(t, () => ({ body: 'x'.repeat(10 * 1024 * 1024) }));
  const { client } = await openPlace(t);
  assert.equal((await client.send(get(service.origin))).body.length, 10 * 1024 * 1024);
});

test('a call that nobody waits for any more is ended', limit, async (t) => {
  const closed = Promise.withResolvers<void>();
  const service = await openService(t, (_, response) => {
    response.on('close', closed.resolve);
    return undefined;
  });
  const { client } = await openPlace(t);
  const abort = new AbortController();
  const call = client.send(get(service.origin), abort.signal);
  await once(service.server, 'request');
  abort.abort();
  await assert.rejects(call, { code: 'call-failed' });
  await closed.promise;
});

test('what does not answer is named, and why', limit, async (t) => {
  const { client } = await openPlace(t);
  const gone = await openService(t);
  gone.server.close();
  await once(gone.server, 'close');
  const broken = await openService(t, (_, response) => {
    response.destroy();
    return undefined;
  });
  // No name server is asked for a name that none can have.
  const name = `${'a'.repeat(64)}.invalid`;
  for (const [url, message] of [
    [gone.origin, /^127\.0\.0\.1:\d+ refused the connection/],
    [`http://${name}/`, new RegExp(`^The name of ${name} is not known`)],
    [broken.origin, /^The call to 127\.0\.0\.1:\d+ broke off/],
  ] as const) {
    await assert.rejects(client.send(get(url, { injected })), { code: 'call-failed', message });
  }
});

test('a header that cannot be sent is a clear error that does not quote it', limit, async (t) => {
  const service = await openService(t);
  const { client } = await openPlace(t);
  for (const header of [
    ['x-a', `${canary}\r\nx-b: c`],
    [`bad name ${canary}`, 'x'],
  ]) {
    await assert.rejects(client.send(get(service.origin, { headers: [header] })), (thrown: Failure) => {
      assert.equal(thrown.code, 'bad-input');
      assert.ok(!`${thrown.message}${thrown.cause}`.includes(canary));
      return true;
    });
  }
  assert.equal(service.received.length, 0);
});

test(
  "the daemon's own port is refused under every name of this machine, and before a byte is sent",
  limit,
  async (t) => {
    const own = await openService(t);
    const { port } = new URL(own.origin);
    const redirecting = await openService(t, () => ({ status: 302, headers: { location: own.origin } }));
    const { client } = await openPlace(t, { ownPort: Number(port) });
    for (const url of [
      own.origin,
      `http://localhost:${port}/`,
      `http://0.0.0.0:${port}/`,
      `http://2130706433:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      redirecting.origin,
    ]) {
      await assert.rejects(client.send(get(url)), { code: 'forbidden', message: /the daemon itself/ }, url);
    }
    assert.equal(own.received.length, 0);
    assert.equal(redirecting.received.length, 1);
  },
);
