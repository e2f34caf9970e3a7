#include "script_transform.hpp"

#include "host_answer.hpp"
#include "worker_pool.hpp"

#include <dynamigrate/dynamodb/key_change.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/reader.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::authoring {

using backfill::PageOutput;
using base::Error;
using base::ErrorKind;
using dynamodb::Attribute;
using dynamodb::Item;

namespace {

/// What the host made of one item.
struct Change {
    Item set;
    std::vector<std::string_view> deleted;
};

void read_names(json::wire::array names, base::Arena& arena, std::vector<std::string_view>& into) {
    for (json::wire::value name : names) {
        into.push_back(arena.copy(std::string_view(name)));
    }
}

Item changed(const Item& item, const Change& change, base::Arena& arena) {
    std::vector<Attribute> attributes;
    attributes.reserve(item.size() + change.set.size());
    for (const Attribute& attribute : item) {
        const bool is_deleted = std::find(change.deleted.begin(), change.deleted.end(),
                                          attribute.name) != change.deleted.end();
        if (!is_deleted && change.set.find(attribute.name) == nullptr) {
            attributes.push_back(attribute);
        }
    }
    attributes.insert(attributes.end(), change.set.begin(), change.set.end());
    return Item(arena.copy(std::span<const Attribute>(attributes)));
}

/// A Node with the function loaded, and what reads its answers.
class Worker {
public:
    Worker(const ScriptFunction& function, const migrate::ForeignRun& run)
        : function_(function),
          process_(
              *function.installation, function.limits,
              [tell = run.run.tell](std::string_view line) { tell("| " + std::string(line)); }) {
        open(run.run);
    }

    void transform(std::span<const Item> items, base::Arena& arena, std::span<PageOutput> outputs,
                   const std::stop_token& stop);

private:
    void open(const migrate::StepRun& run);
    void read(json::wire::value value, const Item& item, base::Arena& arena, PageOutput& output);
    void read_change(json::wire::object object, const Item& item, base::Arena& arena,
                     PageOutput& output);
    std::string what() const {
        return fmt::format("{} of {}", function_.name, function_.file.string());
    }

    const ScriptFunction& function_;
    NodeProcess process_;
    json::Reader reader_;
    dynamodb::WireParser parser_;
};

void Worker::open(const migrate::StepRun& run) {
    json::Writer writer(process_.question());
    writer.begin_object().key("do").string("open");
    writer.key("file").string(std::filesystem::absolute(function_.file).string());
    writer.key("function").string(function_.name);
    writer.key("run").begin_object().key("run").begin_object();
    writer.key("id").string(run.run).key("startedAt").string(run.started_at);
    writer.end_object().end_object().end_object();
    expect_no_error(reader_, process_.ask("loading " + function_.file.string(), run.stop_now),
                    function_.file.string());
}

void Worker::transform(std::span<const Item> items, base::Arena& arena,
                       std::span<PageOutput> outputs, const std::stop_token& stop) {
    write_page(process_.question(), items);
    std::string& answer = process_.ask(what(), stop);
    visit_answers(reader_, answer, [&](std::size_t index, json::wire::value value) {
        read(value, items[index], arena, outputs[index]);
    });
}

void Worker::read(json::wire::value value, const Item& item, base::Arena& arena,
                  PageOutput& output) {
    if (value.type() == json::wire::json_type::object) {
        read_change(value.get_object(), item, arena, output);
    } else if (std::uint64_t(value) == 1) {
        output.output.remove();
    }
}

void Worker::read_change(json::wire::object object, const Item& item, base::Arena& arena,
                         PageOutput& output) {
    Change change;
    std::vector<std::string_view> names;
    for (json::wire::field field : object) {
        const std::string_view key = field.unescaped_key();
        if (key == "e") {
            output.failure = Error(ErrorKind::invalid_argument, error_text(field.value()));
            return;
        }
        if (key == "s") {
            json::wire::object set = field.value().get_object();
            const std::string_view text = set.raw_json();
            try {
                change.set = parser_.item(text, arena);
            } catch (const Error& error) {
                output.failure = error;
            }
        } else if (key == "d") {
            read_names(field.value().get_array(), arena, change.deleted);
        } else if (key == "r") {
            read_names(field.value().get_array(), arena, names);
        } else if (key == "a") {
            output.output.reads_all();
        }
    }
    for (const std::string_view name : names) {
        output.output.reads(name);
    }
    output.output.change(changed(item, change, arena));
}

class ScriptedTransform final : public backfill::Transform {
public:
    ScriptedTransform(const ScriptFunction& function, const migrate::ForeignRun& run)
        : function_(function),
          run_(run),
          workers_(run.lanes, run.run.stop_now,
                   [this] { return std::make_unique<Worker>(function_, run_); }) {}

    void apply(const Item& item, base::Arena& arena,
               backfill::TransformOutput& out) const override {
        PageOutput output;
        apply_page({&item, 1}, arena, {&output, 1});
        if (output.failure) {
            throw *output.failure;
        }
        out = std::move(output.output);
    }
    void apply_page(std::span<const Item> items, base::Arena& arena,
                    std::span<PageOutput> outputs) const override;
    bool is_paged() const override { return true; }
    bool may_change_key() const override { return function_.changes_key; }
    bool is_pure() const override { return false; }

private:
    void check_key(const Item& item, PageOutput& output) const;

    const ScriptFunction& function_;
    migrate::ForeignRun run_;
    mutable WorkerPool<Worker> workers_;
};

void ScriptedTransform::apply_page(std::span<const Item> items, base::Arena& arena,
                                   std::span<PageOutput> outputs) const {
    if (items.empty()) {
        return;
    }
    workers_.use(
        [&](Worker& worker) { worker.transform(items, arena, outputs, run_.run.stop_now); });
    if (!function_.changes_key) {
        for (std::size_t i = 0; i < items.size(); ++i) {
            check_key(items[i], outputs[i]);
        }
    }
}

void ScriptedTransform::check_key(const Item& item, PageOutput& output) const {
    if (output.output.kind() != backfill::TransformOutput::Kind::changed || output.failure) {
        return;
    }
    const std::string name = dynamodb::changed_key_attribute(run_.key, item, output.output.after());
    if (!name.empty()) {
        output.failure = Error(ErrorKind::failed_precondition,
                               fmt::format("{} changed {}, an attribute of the key: declare "
                                           "`changesKey: true`",
                                           function_.name, name));
    }
}

class FileTransform final : public migrate::ForeignTransform {
public:
    explicit FileTransform(ScriptFunction function) : function_(std::move(function)) {}

    std::string name() const override {
        return fmt::format("{} of {}", function_.name, function_.file.filename().string());
    }
    std::unique_ptr<backfill::Transform> open(const migrate::ForeignRun& run) const override {
        return std::make_unique<ScriptedTransform>(function_, run);
    }

private:
    ScriptFunction function_;
};

}  // namespace

std::shared_ptr<const migrate::ForeignTransform> make_script_transform(ScriptFunction function) {
    return std::make_shared<FileTransform>(std::move(function));
}

}  // namespace dynamigrate::authoring
