#include <fmt/format.h>

#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/store/store.hpp"
#include "rows.hpp"

namespace pika::store {

// Each record holds the hash of the one before it, so that the list cannot be changed in the middle unseen. The hash
// is SHA-256 over the fields, one a line, in this order.
std::string Store::landing_hash(RepositoryId repository, const Landing& d) {
  return sha256_hex(fmt::format("pika-landing-1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
                                repository.value(), d.record, d.branch.value(), d.version.value(), d.target,
                                d.target_before, d.commit, d.tree_tested, d.tree_landed, d.by, d.at, d.policy_id,
                                print_list(d.red_lanes), print_list({d.override_reason}), d.previous_hash));
}

Landing Store::begin_landing(Landing d) {
  return db_->write([&](db::Connection& c) {
    auto repository = c.value<RepositoryId>("SELECT repository FROM repo_branch WHERE id = ?", d.branch).value();
    c.run("UPDATE repo_repository SET landings = landings + 1 WHERE id = ?", repository);
    d.record = c.value<std::int64_t>("SELECT landings FROM repo_repository WHERE id = ?", repository).value();
    d.previous_hash =
        c.value<std::string>("SELECT hash FROM land_landing WHERE repository = ? ORDER BY record DESC LIMIT 1",
                             repository)
            .value_or("");
    d.state = "begun";
    d.by = to_utf8(d.by);
    d.override_reason = to_utf8(d.override_reason);
    d.hash = landing_hash(repository, d);
    c.run(
        "INSERT INTO land_landing (repository, record, branch, version, candidate, suite, target, target_before, "
        "commit_id, "
        "tree_tested, tree_landed, by_user, at, policy_id, red_lanes, override_reason, state, previous_hash, hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'begun', ?, ?)",
        repository, d.record, d.branch, d.version, d.candidate, d.suite, d.target, d.target_before, d.commit,
        d.tree_tested, d.tree_landed, d.by, d.at, d.policy_id, print_list(d.red_lanes), d.override_reason,
        d.previous_hash, d.hash);
    return d;
  });
}

void Store::complete_landing(const Landing& d) {
  db_->write([&](db::Connection& c) {
    c.run("UPDATE land_landing SET state = 'landed' WHERE branch = ? AND record = ?", d.branch, d.record);
    if (c.run("UPDATE repo_branch SET state = 'merged', merge_commit = ?, updated_at = ? WHERE id = ? AND state <> "
              "'merged'",
              d.commit, d.at, d.branch) == 0)
      return;
    cancel_attempts(c, d.branch, std::nullopt, "the branch landed", d.at);
    drop_queued_words(c, d.branch, "the branch landed", d.at);
    tell_branch(c, d.at, d.branch);
  });
  told();
}

void Store::abandon_landing(const Landing& d, const std::string& why) {
  db_->write([&](db::Connection& c) {
    c.run("UPDATE land_landing SET state = 'abandoned', abandoned_why = ? WHERE branch = ? AND record = ?",
          to_utf8(why), d.branch, d.record);
  });
}

std::vector<std::pair<RepositoryId, Landing>> Store::unfinished_landings() {
  return db_->read([&](db::Connection& c) {
    std::vector<std::pair<RepositoryId, Landing>> out;
    auto rows = c.query("SELECT " PIKA_LANDING_COLUMNS
                        ", d.repository FROM land_landing d WHERE d.state = 'begun' ORDER BY d.id");
    while (rows.next()) out.emplace_back(rows.get<RepositoryId>(18), read_landing(rows));
    return out;
  });
}

std::optional<Landing> Store::landing_of(BranchId branch) {
  return db_->read([&](db::Connection& c) -> std::optional<Landing> {
    auto rows = c.query("SELECT " PIKA_LANDING_COLUMNS
                        " FROM land_landing d WHERE d.branch = ? AND d.state = 'landed' ORDER BY d.id DESC LIMIT 1",
                        branch);
    if (!rows.next()) return std::nullopt;
    return read_landing(rows);
  });
}

std::vector<Landing> Store::landings(RepositoryId repository) {
  return db_->read([&](db::Connection& c) {
    std::vector<Landing> out;
    auto rows = c.query("SELECT " PIKA_LANDING_COLUMNS " FROM land_landing d WHERE d.repository = ? ORDER BY d.record",
                        repository);
    while (rows.next()) out.push_back(read_landing(rows));
    return out;
  });
}

std::vector<Landing> Store::newest_landed(RepositoryId repository, int limit) {
  return db_->read([&](db::Connection& c) {
    std::vector<Landing> out;
    auto rows = c.query("SELECT " PIKA_LANDING_COLUMNS
                        " FROM land_landing d WHERE d.repository = ? AND d.state = 'landed' "
                        "ORDER BY d.record DESC LIMIT ?",
                        repository, limit);
    while (rows.next()) out.push_back(read_landing(rows));
    return out;
  });
}

}  // namespace pika::store
