// Page models filled from what the store knows; shared by pages and API.
#pragma once
#include <string>

#include "context.hpp"
#include "pika/gitx/repository.hpp"

namespace pika::server {

web::Chrome chrome(const Call& call, const store::Repository* repository = nullptr);
// What all pages of a branch say in their head, of the shown version.
web::BranchHead branch_head(Context& site, const store::Repository& r, const store::Branch& b,
                            const forge::Judged& judged, const store::Version* shown = nullptr);
web::Suite suite_model(Context& site, const store::Suite& suite, const std::vector<store::LaneWithAttempts>& lanes,
                       bool with_tails);
web::Verdict verdict_model(const Call& call, const store::Repository& r, const store::Branch& b,
                           const forge::Judged& judged);
web::Landing landing_model(const forge::Judged& judged);
std::vector<web::VersionRow> version_rows(const std::vector<store::Version>& versions);
// Of the version, oldest first, at most 500.
std::vector<git::CommitInfo> branch_commits(Context& site, const store::Repository& r, const store::Version& version);
std::vector<web::CommitRow> commit_rows(Context& site, const store::Repository& r, const store::Version& version);
// The version that ?version=N asks for, else the newest.
Result<store::Version> shown_version(const Call& call, const store::Branch& b);
std::string tail_of_log(Context& site, const store::Attempt& attempt, std::size_t bytes, std::size_t lines);
std::uint64_t log_bytes(Context& site, const store::Attempt& attempt);

}  // namespace pika::server
