// The signed token that says who a client is: HMAC-SHA-256, `sub` and `exp`, nothing else.
import type { IncomingHttpHeaders } from 'node:http';
import { fastifyCookie } from '@fastify/cookie';
import { jwtVerify, SignJWT } from 'jose';
import { isName } from './messages.ts';

export const COOKIE = 'chat-token';
const LIFETIME_S = 12 * 60 * 60;

/** Who a valid token speaks for, and until when (milliseconds since 1970). */
export interface Identity {
  readonly user: string;
  readonly expiresAt: number;
}

export class Tokens {
  private readonly key: Uint8Array;

  constructor(secret: string) {
    this.key = new TextEncoder().encode(secret);
  }

  async issue(user: string): Promise<Identity & { token: string }> {
    const expires = Math.floor(Date.now() / 1000) + LIFETIME_S;
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(user)
      .setExpirationTime(expires)
      .sign(this.key);
    return { user, token, expiresAt: expires * 1000 };
  }

  /** Null for a token that is missing, forged, expired or not one of ours. */
  async identify(headers: IncomingHttpHeaders): Promise<Identity | null> {
    const token = tokenOf(headers);
    if (token === undefined) return null;
    try {
      const { payload } = await jwtVerify(token, this.key, {
        algorithms: ['HS256'],
        requiredClaims: ['sub', 'exp'],
      });
      return isName(payload.sub) ? { user: payload.sub, expiresAt: payload.exp! * 1000 } : null;
    } catch {
      return null; // whatever is wrong with it: the client is told no more than "401"
    }
  }
}

/** From `Authorization: Bearer`, the WebSocket subprotocol `bearer.<token>`, or the cookie. */
function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(/,\s*/);
  return (
    /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ??
    offered?.find((protocol) => protocol.startsWith('bearer.'))?.slice('bearer.'.length) ??
    fastifyCookie.parse(headers.cookie ?? '')[COOKIE]
  );
}
