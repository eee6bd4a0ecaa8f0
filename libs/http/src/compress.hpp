// Answers, gzipped (RFC 1952) for a peer that takes it.
#pragma once
#include "pika/http/message.hpp"

namespace pika::http {

// Whether the peer said that it takes gzip (RFC 9110, 12.5.3: a weight of 0 is a no).
bool takes_gzip(const Request& request);

// Whole bodies of text above 1 KiB, and streamed ones, get "Content-Encoding: gzip"; "Vary: Accept-Encoding" says so to
// caches also when this peer gets it plain. Event streams, what is coded already, and what is no text stay as they
// are. An entity tag becomes a weak one.
void compress_answer(const Request& request, Response& response);

}  // namespace pika::http
