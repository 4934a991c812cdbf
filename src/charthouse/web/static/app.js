// What every page runs: keys, the command list, small comforts. Pages work without it.
import { bind } from "./keys.js";
import { palette } from "./palette.js";
import { comforts } from "./comforts.js";

const open = palette();
comforts();
bind(open);
