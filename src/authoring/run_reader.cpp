#include "run_reader.hpp"

#include "fields.hpp"
#include "program_limits.hpp"

#include <dynamigrate/migrate/program_step.hpp>

#include <fmt/format.h>

#include <array>

namespace dynamigrate::authoring {

namespace fs = std::filesystem;
using json::Value;

namespace {

struct Interpreter {
    std::string_view extension, program;
};
constexpr std::array<Interpreter, 7> kInterpreters{{{".py", "python3"},
                                                    {".sh", "sh"},
                                                    {".js", "node"},
                                                    {".mjs", "node"},
                                                    {".cjs", "node"},
                                                    {".rb", "ruby"},
                                                    {".pl", "perl"}}};

fs::path directory_of(const StepPlace& place) {
    return place.directory.empty() ? fs::path(".") : place.directory;
}

bool is_executable(const fs::path& path) {
    constexpr auto kAny = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
    return (fs::status(path).permissions() & kAny) != fs::perms::none;
}

/// A script's path as the program to start and its arguments.
std::vector<std::string> start_of_script(const Value& value, const StepPlace& place) {
    const fs::path path = fs::absolute(directory_of(place) / value.text()).lexically_normal();
    if (value.text().empty() || !fs::is_regular_file(path)) {
        json::fail(place.file, value,
                   fmt::format("`run: {}` names no script beside the migration; for a program with "
                               "arguments write a list: `run: [program, argument]`",
                               value.text()));
    }
    if (is_executable(path)) {
        return {path.string()};
    }
    for (const Interpreter& known : kInterpreters) {
        if (path.extension() == known.extension) {
            return {std::string(known.program), path.string()};
        }
    }
    json::fail(place.file, value,
               fmt::format("the script {} may not be executed: `chmod +x` it, or name its "
                           "interpreter: `run: [interpreter, {}]`",
                           value.text(), value.text()));
}

std::vector<std::string> read_program(const Value& value, const StepPlace& place) {
    if (value.is_string()) {
        return start_of_script(value, place);
    }
    if (!value.is_array() || value.elements().empty()) {
        json::fail(place.file, value,
                   "the program must be a list of at least one text, or the path of a script");
    }
    std::vector<std::string> arguments;
    for (const Value& element : value.elements()) {
        arguments.push_back(as_text(element, place.file, "an argument"));
    }
    return arguments;
}

void read_options(Fields& fields, const StepPlace& place, migrate::ProgramStep& step) {
    step.table = fields.text_or("table", place.table);
    step.tables = fields.texts("tables");
    step.is_repeatable = fields.boolean("repeatable").value_or(false);
    if (const auto directory = fields.text("directory")) {
        step.directory = fs::absolute(directory_of(place) / *directory).lexically_normal();
        if (!fs::is_directory(step.directory)) {
            fields.fail(*fields.find("directory"), "there is no directory " + *directory);
        }
    }
    step.limits = read_program_limits(fields, step.limits);
    if (const auto aws = fields.text("aws")) {
        if (*aws != "inherit") {
            fields.fail(*fields.find("aws"),
                        "`aws` must be inherit (the real credentials), or left out");
        }
        step.inherits_aws = true;
    }
    if (const Value* variables = fields.find("environment")) {
        Fields known(*variables, place.file, "environment");
        for (const Value::Member& variable : variables->members()) {
            step.variables[variable.key] = as_text(variable.value, place.file, "a variable");
        }
    }
}

}  // namespace

migrate::StepPtr read_run(const Value& value, const StepPlace& place) {
    migrate::ProgramStep step;
    step.table = place.table;
    step.directory = fs::absolute(directory_of(place)).lexically_normal();
    const auto name = [](const Value& program) {
        return program.is_string() ? program.text() : std::string();
    };
    if (!value.is_object()) {
        step.arguments = read_program(value, place);
        step.name = name(value);
        return migrate::make_run(std::move(step));
    }
    Fields fields(value, place.file, "run");
    const Value& program = fields.required("program");
    read_options(fields, place, step);
    fields.finish();
    step.arguments = read_program(program, place);
    step.name = name(program);
    return migrate::make_run(std::move(step));
}

}  // namespace dynamigrate::authoring
