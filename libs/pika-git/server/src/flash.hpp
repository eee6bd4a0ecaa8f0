// One sentence about what a form did, carried over the redirect in a cookie of our own: an address that somebody else
// wrote cannot make a page say anything.
#pragma once
#include <string>

#include "pika/http/message.hpp"

namespace pika::server {

struct Flash {
  std::string sentence;
  bool is_error = false;
};

http::Response with_flash(http::Response response, const Flash& flash);
// What the request carries; an empty sentence when nothing.
Flash flash_of(const http::Request& request);
// A page that was shown has said it.
void drop_flash(const http::Request& request, http::Response& response);

}  // namespace pika::server
