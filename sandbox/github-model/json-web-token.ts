/** Checks the JSON web token with which a GitHub App speaks as itself. */
import { verify } from "node:crypto";
import { ApiError } from "./api-error.ts";

/** GitHub refuses tokens that live longer. */
const LONGEST_LIFE_SECONDS = 600;
/** How far `iat` may lie in the future. */
const CLOCK_DRIFT_SECONDS = 60;

/** Throws the 401 that GitHub answers, in its words, unless the token is the App's, signed with its key and in time. */
export function checkJsonWebToken(token: string, app: { id: number; publicKeyPem: string }, nowMs: number): void {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const signed = Buffer.from(`${header}.${payload}`);
  const head = parsed(header);
  const claims = parsed(payload);
  const isAuthentic =
    head["alg"] === "RS256" && verify("RSA-SHA256", signed, app.publicKeyPem, Buffer.from(signature, "base64url"));
  if (!isAuthentic) throw new ApiError(401, "A JSON web token could not be decoded");
  checkClaims(claims, app.id, Math.floor(nowMs / 1000));
}

/** Whether an authorization looks like such a token at all. */
export function isJsonWebToken(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

function checkClaims(claims: Record<string, unknown>, appId: number, now: number): void {
  const { iat, exp, iss } = claims;
  if (typeof exp !== "number")
    throw new ApiError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  if (exp > now + LONGEST_LIFE_SECONDS)
    throw new ApiError(401, "'Expiration time' claim ('exp') is too far in the future");
  if (exp <= now)
    throw new ApiError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  if (typeof iat !== "number" || iat > now + CLOCK_DRIFT_SECONDS)
    throw new ApiError(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  if (String(iss) !== String(appId)) throw new ApiError(401, "Integration not found");
}

function parsed(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
