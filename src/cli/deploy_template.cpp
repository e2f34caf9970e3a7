#include "deploy_template.hpp"

#include "function_package.hpp"
#include "journals.hpp"
#include "policy_scope.hpp"

#include <dynamigrate/authoring/yaml.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/cloud/template.hpp>

#include <fmt/format.h>

#include <initializer_list>

namespace dynamigrate::cli {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr const char* kName = "dynamigrate-template";

std::string chosen(std::string_view option, const std::string& said,
                   std::initializer_list<std::string_view> words) {
    if (said.empty()) {
        return std::string(*words.begin());
    }
    std::string known;
    for (const std::string_view word : words) {
        if (said == word) {
            return said;
        }
        known += fmt::format("{}{}", known.empty() ? "" : " or ", word);
    }
    throw Error(ErrorKind::invalid_argument,
                fmt::format("--{} takes {}, not \"{}\"", option, known, said));
}

std::string architecture() {
#if defined(__aarch64__)
    return "arm64";
#else
    return "x86_64";
#endif
}

std::string rate_text(const std::optional<authoring::Rate>& rate) {
    if (!rate) {
        return "";
    }
    return rate->percent > 0 ? fmt::format("{}%", rate->percent) : fmt::format("{}", rate->units);
}

std::string package_digest(const std::vector<cloud::ZipEntry>& entries) {
    std::string all;
    for (const cloud::ZipEntry& entry : entries) {
        all += fmt::format("{}\n{}\n", entry.name, base::sha256_hex(entry.bytes));
    }
    return base::sha256_hex(all);
}

/// A function keeps nothing on a disk.
void check_journal(const Project& project) {
    const std::string& store = project.config.journal;
    if (project.settings.journal && !store.empty() && !is_remote_journal(store)) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("a Lambda function cannot keep journals in the directory {}: write "
                                "`journal: s3://BUCKET/PREFIX`, `journal: table:NAME` or "
                                "`journal: none`; without a word they go into a table",
                                store))
            .at(project.config.path);
    }
}

/// What `init` writes is a database of this machine.
void check_endpoint(const Project& project) {
    if (project.is_embedded()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("a Lambda function does not reach {}, a database of this machine: "
                                "give the profile of the database that it works on, --profile NAME",
                                project.endpoint))
            .at(project.config.path);
    }
}

/// What the function may do, where the stack is.
migrate::PolicyScope stack_scope(const Project& project) {
    migrate::PolicyScope scope = policy_scope(project);
    scope.partition = "${AWS::Partition}";
    scope.account = "${AWS::AccountId}";
    if (scope.region.empty()) {
        scope.region = "${AWS::Region}";
    }
    if (project.settings.journal && project.config.journal.empty()) {
        scope.journal_table = "${HistoryTableName}-journal";
    }
    return scope;
}

/// What was typed only.
cloud::TemplateRequest wishes_of(const Arguments& arguments) {
    cloud::TemplateRequest wishes;
    wishes.extension = chosen("format", arguments.format, {"json", "yaml"});
    wishes.on_timeout = chosen("on-timeout", arguments.on_timeout, {"fail", "detach"});
    wishes.on_rollback = chosen("on-rollback", arguments.on_rollback, {"keep", "down"});
    if (arguments.migrations_timeout) {
        wishes.timeout = std::chrono::minutes(*arguments.migrations_timeout);
    }
    cloud::check_timeout(wishes.timeout);
    wishes.is_nested = arguments.nested;
    return wishes;
}

cloud::TemplateRequest request_of(Session& session) {
    cloud::TemplateRequest request = wishes_of(session.arguments);
    const std::vector<cloud::ZipEntry> files = function_package(session);
    const Project& project = session.project;
    check_journal(project);
    check_endpoint(project);
    cloud::add_project(request, session.registry, project.settings, stack_scope(project));
    request.concurrency = session.arguments.concurrency.value_or(request.concurrency);
    request.package_digest = package_digest(files);
    request.needs_node = needs_node(files);
    request.architecture = architecture();
    request.profile = project.config.profile;
    request.max_rcu = rate_text(project.capacity.read);
    request.max_wcu = rate_text(project.capacity.write);
    return request;
}

/// A template as it is written.
struct Written {
    std::string path;
    std::string text;
};

std::string text_of(const json::Value& content, const std::string& format) {
    return format == "yaml" ? authoring::to_yaml(content) : json::to_pretty_json(content) + "\n";
}

/// The main one first.
std::vector<Written> files_of(const cloud::StackTemplates& made, const std::string& output,
                              const std::string& format, bool is_nested) {
    const fs::path main = is_nested ? fs::path(output) / ("template." + format) : fs::path(output);
    std::vector<Written> files{{main.string(), text_of(made.main, format)}};
    for (const cloud::NestedTemplate& nested : made.nested) {
        files.push_back(
            {(main.parent_path() / nested.file).string(), text_of(nested.content, format)});
    }
    for (const Written& file : files) {
        cloud::check_template_size(file.path, file.text, is_nested);
    }
    return files;
}

void tell(Session& session, const cloud::StackTemplates& made, const std::vector<Written>& files,
          const std::string& format) {
    const Written& main = files.front();
    const std::size_t resources = made.main.find("Resources")->members().size();
    const bool needs_s3 = main.text.size() > cloud::kMaxInlineTemplate;
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("template").string(main.path).key("format").string(format);
            writer.key("bytes").number(main.text.size());
            writer.key("sha256").string(base::sha256_hex(main.text));
            writer.key("resources").number(resources);
            writer.key("machines").number(session.registry.all().size());
            writer.key("needs_s3").boolean(needs_s3).key("nested").begin_array();
            for (std::size_t i = 1; i < files.size(); ++i) {
                writer.string(files[i].path);
            }
            writer.end_array();
        });
        return;
    }
    session.console.print(fmt::format("Generated {}: {} resources, {} state machines, {:.1f} KB",
                                      main.path, resources, session.registry.all().size(),
                                      static_cast<double>(main.text.size()) / 1024));
    if (!made.nested.empty()) {
        session.console.say(fmt::format(
            "with {} nested templates beside it: `aws cloudformation package` (or `sam package`) "
            "uploads them and writes the template that is deployed",
            made.nested.size()));
    } else if (needs_s3) {
        session.console.say(
            "over 51,200 bytes CloudFormation takes a template from S3 only: "
            "`aws cloudformation deploy --s3-bucket BUCKET` uploads it");
    }
}

}  // namespace

ExitCode deploy_template(Session& session) {
    const Arguments& arguments = session.arguments;
    const cloud::TemplateRequest request = request_of(session);
    const std::string& format = request.extension;
    const cloud::StackTemplates made = cloud::make_templates(request);
    const std::string output = !arguments.output.empty() ? arguments.output
                               : arguments.nested        ? kName
                                                         : fmt::format("{}.{}", kName, format);
    const std::vector<Written> files = files_of(made, output, format, arguments.nested);
    base::create_directories(fs::absolute(files.front().path).parent_path());
    for (const Written& file : files) {
        base::write_file_atomically(file.path, file.text);
    }
    tell(session, made, files, format);
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
