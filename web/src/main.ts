// What scripts add to pages that are whole without them.
import { copyButtons } from "./copy";
import { filters } from "./filter";
import { keys } from "./keys";
import { live } from "./live";
import { log } from "./log";
import { review } from "./review";
import { times } from "./times";

document.documentElement.classList.add("scripted");
times();
copyButtons();
filters();
const walk = review();
keys(walk);
const follower = log();
live((event) => follower?.(event));
