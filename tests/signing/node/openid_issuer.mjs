// A real OpenID provider (panva's certified oidc-provider) on loopback, for the tests of bearer tokens and sign-in.
// Prints its address as one line of JSON. On stdin: "rotate" puts a new signing key in front, "forget" drops the
// older ones (the provider is made anew on the same port, as a restart with other keys would), "quit" ends it.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
console.log = console.info = console.warn = console.error; // stdout is ours

const audience = process.argv[2];
const redirect = process.argv[3];

function newKey(alg) {
  const { privateKey } = alg === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
}

let keys = [newKey('ES256'), newKey('RS256')];
let handler;
let issuer;

function build() {
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: [
      { client_id: 'press-line', client_secret: 'for-tests', grant_types: ['client_credentials'],
        id_token_signed_response_alg: 'ES256', redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_basic' },
      { client_id: 'pages', client_secret: 'for-tests-too', grant_types: ['authorization_code'],
        redirect_uris: [redirect], response_types: ['code'], application_type: 'native',
        id_token_signed_response_alg: 'ES256', token_endpoint_auth_method: 'client_secret_basic' },
    ],
    scopes: ['openid', 'voltpass.issue', 'voltpass.read'],
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: 'voltpass.issue voltpass.read',
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: keys[0].alg } },
        }),
      },
    },
    cookies: { keys: ['for tests only'] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  });
  handler = provider.callback();
}

const server = createServer((request, response) => handler(request, response));
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  build();
  say({ issuer });
});

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'rotate') keys = [newKey('ES256'), ...keys];
  if (line === 'forget') keys = keys.slice(0, 1);
  if (line === 'quit') process.exit(0);
  build();
  say({ done: line, kid: keys[0].kid });
}
