// What reaches the program from its terminal.
#pragma once
#include "jerichoci/jerichoci.hpp"

// The first Ctrl-C (or TERM) cancels, the second gives what runs no more time to end, the third ends the program at
// once; what it leaves then is settled by the next start.
void watch_interrupts(const jerichoci::CancelToken& cancel);
// A descriptor that can be read when the terminal's size has changed; it lives as long as the program.
int watch_size();
