/** One page of a list, and the Link header that leads to the others. */

const PER_PAGE = 30;
const MOST_PER_PAGE = 100;

export interface Page {
  readonly items: readonly unknown[];
  /** Null where everything is on this page. */
  readonly link: string | null;
}

/** `url` is the request's own, of which the links keep every parameter but `page`. */
export function pageOf(all: readonly unknown[], url: URL): Page {
  const perPage = Math.min(MOST_PER_PAGE, positive(url.searchParams.get("per_page"), PER_PAGE));
  const page = positive(url.searchParams.get("page"), 1);
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const items = all.slice((page - 1) * perPage, page * perPage);
  const links = [
    ...(page > 1 ? [linkTo(url, Math.min(page - 1, last), "prev")] : []),
    ...(page < last ? [linkTo(url, page + 1, "next"), linkTo(url, last, "last")] : []),
    ...(page > 1 ? [linkTo(url, 1, "first")] : []),
  ];
  return { items, link: links.length === 0 ? null : links.join(", ") };
}

function linkTo(url: URL, page: number, rel: string): string {
  const target = new URL(url);
  target.searchParams.set("page", String(page));
  return `<${target.href}>; rel="${rel}"`;
}

function positive(text: string | null, otherwise: number): number {
  const value = Number(text ?? otherwise);
  return Number.isInteger(value) && value >= 1 ? value : otherwise;
}
