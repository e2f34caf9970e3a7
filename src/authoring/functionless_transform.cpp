#include "functionless_transform.hpp"

#include "host_answer.hpp"
#include "worker_pool.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/update.hpp>

#include <fmt/format.h>

namespace dynamigrate::authoring {

using backfill::PageOutput;
using base::Error;
using base::ErrorKind;
using dynamodb::Item;

namespace {

/// An item while the function's edits are applied to it.
class EditedItem {
public:
    EditedItem(const Item& item, base::Arena& arena, dynamodb::WireParser& parser)
        : item_(item),
          arena_(arena),
          parser_(parser) {}

    void apply(json::wire::object edit) {
        for (json::wire::field field : edit) {
            const std::string_view kind = field.unescaped_key();
            if (kind == "p") {
                item_ = parse(field.value().get_object());
                is_there_ = true;
            } else if (kind == "u") {
                update(field.value().get_object());
            } else {
                is_there_ = false;
            }
        }
    }
    void put_into(backfill::TransformOutput& output) const {
        output.reads_all();
        if (is_there_) {
            output.change(item_);
        } else {
            output.remove();
        }
    }

private:
    Item parse(json::wire::object item) {
        const std::string_view text = item.raw_json();
        return parser_.item(text, arena_);
    }
    void update(json::wire::object edit) {
        if (!is_there_) {
            throw Error(ErrorKind::invalid_argument,
                        "the function updates an item that it has deleted");
        }
        dynamodb::ExpressionText text;
        for (json::wire::field field : edit) {
            const std::string_view name = field.unescaped_key();
            if (name == "expression") {
                text.text = std::string_view(field.value());
            } else if (name == "names") {
                for (json::wire::field one : field.value().get_object()) {
                    std::string placeholder(std::string_view(one.unescaped_key()));
                    text.names.emplace_back(std::move(placeholder), std::string_view(one.value()));
                }
            } else {
                text.values = parse(field.value().get_object());
            }
        }
        if (!text.text.empty()) {
            const auto expression = expressions::UpdateExpression::parse(text);
            item_ = expression.apply(item_, arena_).clone(arena_);
        }
    }

    Item item_;
    bool is_there_ = true;
    base::Arena& arena_;
    dynamodb::WireParser& parser_;
};

/// A Node with the function, and what reads its answers.
class PageWorker {
public:
    PageWorker(const FunctionlessPages& pages, const migrate::PageRun& run,
               const std::function<void(const std::string&)>& tell, const std::stop_token& stop)
        : pages_(pages),
          process_(
              *pages.installation, pages.limits,
              [tell](std::string_view line) { tell("| " + std::string(line)); }, &run.environment) {
        open(run, stop);
    }

    void work(std::span<const Item> items, base::Arena& arena, std::span<PageOutput> outputs,
              const std::stop_token& stop);

private:
    void open(const migrate::PageRun& run, const std::stop_token& stop);
    void read(json::wire::value edits, const Item& item, base::Arena& arena, PageOutput& output);

    const FunctionlessPages& pages_;
    NodeProcess process_;
    json::Reader reader_;
    dynamodb::WireParser parser_;
};

void PageWorker::open(const migrate::PageRun& run, const std::stop_token& stop) {
    json::Writer writer(process_.question());
    writer.begin_object().key("do").string("open").key("form").string("functionless");
    writer.key("file").string(std::filesystem::absolute(pages_.file).lexically_normal().string());
    writer.key("direction").string(pages_.direction);
    writer.key("table").string(run.table).key("configured").string(pages_.configured);
    writer.key("key").begin_array().string(run.key.hash.name);
    if (run.key.sort) {
        writer.string(run.key.sort->name);
    }
    writer.end_array().key("tables").begin_object();
    for (const auto& [logical, physical] : pages_.installation->settings().tables) {
        if (logical != pages_.table) {
            writer.key(logical).string(physical);
        }
    }
    writer.key(pages_.table).string(run.table).end_object().end_object();
    expect_no_error(reader_, process_.ask("loading " + pages_.file.string(), stop),
                    pages_.file.string());
}

void PageWorker::work(std::span<const Item> items, base::Arena& arena,
                      std::span<PageOutput> outputs, const std::stop_token& stop) {
    write_page(process_.question(), items);
    std::string& answer =
        process_.ask(fmt::format("{} of {}", pages_.direction, pages_.file.string()), stop);
    expect_no_error(reader_, answer, pages_.file.string());
    visit_answers(reader_, answer, [&](std::size_t index, json::wire::value value) {
        read(value, items[index], arena, outputs[index]);
    });
}

void PageWorker::read(json::wire::value edits, const Item& item, base::Arena& arena,
                      PageOutput& output) {
    if (edits.type() != json::wire::json_type::array) {
        return;
    }
    EditedItem edited(item, arena, parser_);
    try {
        for (json::wire::value edit : edits.get_array()) {
            edited.apply(edit.get_object());
        }
    } catch (const Error& error) {
        output.failure = error;
        return;
    }
    edited.put_into(output.output);
}

class PagedTransform final : public backfill::Transform {
public:
    PagedTransform(const FunctionlessPages& pages, migrate::PageRun run)
        : pages_(pages),
          run_(std::move(run)),
          tell_(run_.run.tell),
          stop_(run_.run.stop_now),
          workers_(run_.lanes, stop_,
                   [this] { return std::make_unique<PageWorker>(pages_, run_, tell_, stop_); }) {}

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
                    std::span<PageOutput> outputs) const override {
        if (!items.empty()) {
            workers_.use([&](PageWorker& worker) { worker.work(items, arena, outputs, stop_); });
        }
    }
    bool is_paged() const override { return true; }
    bool is_pure() const override { return false; }

private:
    const FunctionlessPages& pages_;
    const migrate::PageRun run_;
    const std::function<void(const std::string&)> tell_;
    const std::stop_token stop_;
    mutable WorkerPool<PageWorker> workers_;
};

class FunctionlessFunction final : public migrate::PageFunction {
public:
    explicit FunctionlessFunction(FunctionlessPages pages) : pages_(std::move(pages)) {}

    std::string name() const override {
        return fmt::format("{} of {}", pages_.direction, pages_.file.filename().string());
    }
    std::unique_ptr<backfill::Transform> open(migrate::PageRun run) const override {
        return std::make_unique<PagedTransform>(pages_, std::move(run));
    }

private:
    const FunctionlessPages pages_;
};

}  // namespace

std::shared_ptr<const migrate::PageFunction> make_functionless_pages(FunctionlessPages pages) {
    return std::make_shared<FunctionlessFunction>(std::move(pages));
}

}  // namespace dynamigrate::authoring
