#include "commands.hpp"
#include "deploy_template.hpp"
#include "function_package.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/cloud/package.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr const char* kDefaultOutput = "dynamigrate-lambda.zip";
constexpr double kMegabyte = 1024.0 * 1024.0;

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
    if (what == "package") {
        return deploy_package(session);
    }
    if (what == "template") {
        return deploy_template(session);
    }
    throw Error(ErrorKind::invalid_argument,
                what.empty() ? "say what to deploy: `deploy package` or `deploy template`"
                             : fmt::format("`deploy {}` is not known; there are `deploy package` "
                                           "and `deploy template`",
                                           what));
}

}  // namespace dynamigrate::cli
