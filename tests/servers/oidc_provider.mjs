// Configuration of npm oidc-provider; every protocol decision is the library's.
// Ours are only the paths under /_rig/ (add a client, change a setting, what was asked) and /api/orders, a resource
// that wants a live access token.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { Provider } from 'oidc-provider';

const { host, port, tlsPort, certificates, settings, clients } = JSON.parse(process.env.RIG);
const initialSettings = structuredClone(settings);
const requests = []; // what arrived at the provider, oldest first

const read = (name) => fs.readFileSync(`${certificates}/${name}`);
const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

function makeProvider(issuer) {
  const provider = new Provider(issuer, {
    clients,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none', 'tls_client_auth'],
    cookies: { keys: ['rig'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    scopes: ['openid', 'offline_access', 'email', 'profile', 'orders:read'],
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `User ${id}`, email: `${id}@example.test`, email_verified: true }),
    }),
    clockTolerance: 0, // the library's 15 s would also delay the end of a token
    pkce: { required: () => true },
    rotateRefreshToken: true, // and a refresh token used twice ends the whole grant
    ttl: {
      AccessToken: () => settings.access_token_ttl,
      ClientCredentials: () => settings.access_token_ttl,
      RefreshToken: () => settings.refresh_token_ttl,
      DeviceCode: () => settings.device_code_ttl,
      AuthorizationCode: 60, IdToken: 3600, Session: 3600, Interaction: 600, Grant: 86400,
    },
    features: {
      devInteractions: { enabled: true }, // a login page that takes any name, and a consent page
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      registration: { enabled: true },
      revocation: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        tlsClientAuth: true,
        getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.(),
        certificateAuthorized: (ctx) => ctx.socket.authorized === true,
        certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_subject_dn'
          && ctx.socket.getPeerX509Certificate().subject === expected,
      },
    },
  });
  provider.on('server_error', (ctx, error) => console.error('server_error', error));
  provider.use(async (ctx, next) => {
    await next();
    if (!ctx.oidc?.route || ctx.oidc.route === 'discovery') return;
    requests.push({
      route: ctx.oidc.route,
      method: ctx.method,
      status: ctx.status,
      error: ctx.body?.error ?? null,
      query: ctx.query,
      body: ctx.oidc.body ?? {},
      authorization: ctx.get('authorization'),
      content_type: ctx.get('content-type'),
      accept: ctx.get('accept'),
    });
  });
  return provider;
}

function json(response, status, document, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(document));
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
}

async function rig(provider, request, response) {
  const wanted = `${request.method} ${request.url}`;
  if (wanted === 'GET /_rig/requests') return json(response, 200, requests);
  if (wanted === 'DELETE /_rig/requests') requests.length = 0;
  else if (wanted === 'PATCH /_rig/settings') Object.assign(settings, await bodyOf(request));
  else if (wanted === 'DELETE /_rig/settings') Object.assign(settings, initialSettings);
  else if (wanted === 'POST /_rig/clients') {
    const metadata = await bodyOf(request);
    await provider.Client.validate(metadata);
    await provider.Client.adapter.upsert(metadata.client_id, metadata);
  } else return json(response, 404, { error: wanted });
  return json(response, 200, settings);
}

async function orders(provider, request, response) {
  const [, value] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const token = value && (await provider.AccessToken.find(value) ?? await provider.ClientCredentials.find(value));
  if (!token) {
    const challenge = value ? 'Bearer realm="orders", error="invalid_token"' : 'Bearer realm="orders"';
    return json(response, 401, { error: 'invalid_token' }, { 'www-authenticate': challenge });
  }
  const items = [1, 2, 3].map((id) => ({ id, total: id * 10.5, customer: token.accountId ?? token.clientId }));
  return json(response, 200, { items });
}

function handler(provider) {
  const callback = provider.callback();
  return async (request, response) => {
    try {
      if (request.url.startsWith('/_rig/')) return await rig(provider, request, response);
      if (request.url.startsWith('/api/orders')) return await orders(provider, request, response);
      if (request.method === 'POST' && request.url === '/token') {
        if (settings.token_delay) await sleep(settings.token_delay * 1000);
        if (settings.token_failures > 0) {
          settings.token_failures -= 1;
          return json(response, settings.token_failure_status, { error: 'temporarily_unavailable' });
        }
      }
      return callback(request, response);
    } catch (error) {
      return json(response, 400, { error: String(error), description: error.error_description });
    }
  };
}

http.createServer(handler(makeProvider(`http://${host}:${port}`))).listen(port, '127.0.0.1');
https.createServer({
  cert: read('server.pem'), key: read('server.key'), ca: read('ca.pem'), requestCert: true, rejectUnauthorized: false,
}, handler(makeProvider(`https://${host}:${tlsPort}`))).listen(tlsPort, '127.0.0.1');
