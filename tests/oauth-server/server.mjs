// npm's oidc-provider on loopback, in memory, with its own pages for signing in and consenting.
// node server.mjs PORT REDIRECT_URI; it ends when its stdin does.
import { Provider } from 'oidc-provider';

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'pocket',
      // Characters that only come through when id and secret are form-encoded before base64 (RFC 6749, 2.3.1).
      client_secret: 'se:cret+/ %&=',
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'native',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
    },
  ],
  scopes: ['openid', 'offline_access', 'api:read', 'api:write'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: Number(process.env.ACCESS_TOKEN_TTL ?? 3600), AuthorizationCode: 60, ClientCredentials: 3600, DeviceCode: 600, Grant: 3600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
  features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true }, clientCredentials: { enabled: true }, revocation: { enabled: true }, introspection: { enabled: true, allowedPolicy: () => true } },
});

// What the tests count and look up, one word and its value a line. A token's id is the token itself where it is opaque.
for (const event of ['grant.success', 'grant.error', 'grant.revoked']) {
  provider.on(event, (context) => console.log(`${event} ${context?.oidc?.params?.grant_type ?? ''}`));
}
for (const kind of ['access_token', 'refresh_token', 'client_credentials']) {
  provider.on(`${kind}.saved`, (token) => console.log(`${kind} ${token.jti}`));
}
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
