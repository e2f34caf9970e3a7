#include "commands.hpp"
#include "deploy_template.hpp"
#include "function_package.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/cloud/package.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr const char* kDefaultOutput = "dynamigrate-lambda.zip";
constexpr double kMegabyte = 1024.0 * 1024.0;

/// What is said here only does not reach the function.
void check_options(const Arguments& arguments) {
    const std::pair<const char*, bool> options[] = {{"table", !arguments.table.empty()},
                                                    {"endpoint", !arguments.endpoint.empty()},
                                                    {"journal", !arguments.journal.empty()},
                                                    {"lanes", arguments.lanes.has_value()},
                                                    {"segments", arguments.segments.has_value()}};
    for (const auto& [name, is_given] : options) {
        if (is_given) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("--{} does not reach the function, which reads the "
                                    "configuration in its package: write `{}` there",
                                    name, name));
        }
    }
    if (arguments.dry) {
        throw Error(ErrorKind::invalid_argument,
                    "`deploy` writes files here and sends nothing; leave out --dry");
    }
}

bool is_of_this_machine(const Project& project) {
    return project.is_embedded() ||
           (!project.endpoint.empty() && http::is_loopback(http::parse_url(project.endpoint).host));
}

void tell_what_is_missing(Session& session, const std::string& what) {
    const authoring::Config& config = session.project.config;
    if (session.registry.all().empty()) {
        session.console.say(
            fmt::format("there are no migrations in {}: the function has nothing "
                        "to run yet",
                        config.migrations.string()));
    }
    if (is_of_this_machine(session.project)) {
        session.console.say(fmt::format(
            "the function must be given another profile, {}: {} is a database of this machine",
            what == "package" ? "by its variable PROFILE" : "by --profile",
            session.project.endpoint));
    }
}

ExitCode deploy_package(Session& session) {
    std::vector<cloud::ZipEntry> entries = function_package(session);
    const std::size_t files = entries.size();
    const std::uint64_t unzipped = unzipped_size(entries);
    const bool has_javascript = needs_node(entries);
    const std::string zip = cloud::make_zip(std::move(entries));
    const std::string output =
        session.arguments.output.empty() ? kDefaultOutput : session.arguments.output;
    base::write_file_atomically(output, zip);
    const std::string digest = base::sha256_hex(zip);
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("package").string(output).key("bytes").number(zip.size());
            writer.key("unzipped_bytes").number(unzipped).key("files").number(files);
            writer.key("sha256").string(digest).key("needs_node").boolean(has_javascript);
        });
    } else {
        session.console.print(
            fmt::format("Generated {}: {:.1f} MB, unzipped {:.1f} MB of 250, {} files, sha256 {}",
                        output, static_cast<double>(zip.size()) / kMegabyte,
                        static_cast<double>(unzipped) / kMegabyte, files, digest));
    }
    if (zip.size() > cloud::kMaxUploaded) {
        session.console.say("over 50 MB a package must be uploaded by way of S3");
    }
    if (has_javascript) {
        session.console.say(
            "it holds migrations in JavaScript, for which the function needs Node: docs/lambda.md");
    }
    return ExitCode::done;
}

}  // namespace

ExitCode deploy(Session& session) {
    const std::vector<std::string>& words = session.arguments.words;
    const std::string what = words.empty() ? "" : words.front();
    if (what == "package" || what == "template") {
        check_options(session.arguments);
        const ExitCode code =
            what == "package" ? deploy_package(session) : deploy_template(session);
        tell_what_is_missing(session, what);
        return code;
    }
    throw Error(ErrorKind::invalid_argument,
                what.empty() ? "say what to deploy: `deploy package` or `deploy template`"
                             : fmt::format("`deploy {}` is not known; there are `deploy package` "
                                           "and `deploy template`",
                                           what));
}

}  // namespace dynamigrate::cli
