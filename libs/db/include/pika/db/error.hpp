// What can go wrong with the database, as exceptions: the store decides what becomes a Result.
//
//   Error
//   ├─ Busy         another program holds the lock longer than busy_timeout: try again later
//   ├─ Constraint   UNIQUE, CHECK, FOREIGN KEY or NOT NULL said no
//   └─ Unavailable  nothing of the unit was kept; what() is a sentence a person may read
//      ├─ DiskFull  the disk, or max_page_count, is full; later writes may work again
//      └─ ReadOnly  the database was poisoned (see Database::poisoned): reads only, until a restart
#pragma once
#include <stdexcept>
#include <string>

namespace pika::db {

class Error : public std::runtime_error {
 public:
  Error(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  int code() const { return code_; }  // SQLite's extended result code, 0 when none: https://sqlite.org/rescode.html

 private:
  int code_;
};

class Busy : public Error {
  using Error::Error;
};

class Constraint : public Error {
 public:
  using Error::Error;
  bool unique() const;  // UNIQUE or PRIMARY KEY
  bool foreign_key() const;
};

class Unavailable : public Error {
  using Error::Error;
};

class DiskFull : public Unavailable {
  using Unavailable::Unavailable;
};

class ReadOnly : public Unavailable {
  using Unavailable::Unavailable;
};

}  // namespace pika::db
