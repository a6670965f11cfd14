/** The one thing of js-yaml that settings files need: loaded only where there is one, and alone in a bundle. */
export { load } from "js-yaml";
