/** An answer other than success, in the words of GitHub. Thrown by handlers, written by the server. */

/** Described without the `status` that other errors repeat in their body. */
const WITHOUT_STATUS = new Set([405, 409, 422]);
const DOCUMENTATION_URL = "https://docs.github.com/rest";

export interface FieldError {
  readonly resource: string;
  readonly field?: string;
  readonly code: string;
  readonly message?: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    more: { errors?: readonly FieldError[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.headers = more.headers ?? {};
    const last = WITHOUT_STATUS.has(status) ? {} : { status: String(status) };
    this.body = {
      message,
      ...(more.errors === undefined ? {} : { errors: more.errors }),
      documentation_url: DOCUMENTATION_URL,
      ...last,
    };
  }
}

/** Also for what exists and the token may not see. */
export function notFound(): ApiError {
  return new ApiError(404, "Not Found");
}

/** 422 about one field. */
export function invalid(resource: string, field: string, code: string, message?: string): ApiError {
  const error: FieldError = { resource, code, field, ...(message === undefined ? {} : { message }) };
  return new ApiError(422, "Validation Failed", { errors: [error] });
}
