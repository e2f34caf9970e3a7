#include "page_source.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;
using dynamodb::Item;
using json::Writer;

namespace {

constexpr std::size_t kKeysPerRead = 100;
/// An expression has 4 KB at most.
constexpr std::size_t kMostAttributesWanted = 200;

void write_substitutions(Writer& out, const std::vector<std::pair<std::string, std::string>>& names,
                         const std::vector<const Item*>& values) {
    if (!names.empty()) {
        out.key("ExpressionAttributeNames").begin_object();
        for (const auto& [placeholder, name] : names) {
            out.key(placeholder).string(name);
        }
        out.end_object();
    }
    bool begun = false;
    for (const Item* item : values) {
        for (const dynamodb::Attribute& value : *item) {
            if (!begun) {
                out.key("ExpressionAttributeValues").begin_object();
                begun = true;
            }
            out.key(value.name);
            dynamodb::write_value(out, value.value);
        }
    }
    if (begun) {
        out.end_object();
    }
}

/// 0 for what cannot be read.
double units_of(dynamodb::Reply& reply) {
    double units = 0;
    try {
        for (const dynamodb::ConsumedCapacity& capacity : reply.consumed_capacity()) {
            units += capacity.total;
        }
    } catch (const Error&) {
        return 0;
    }
    return units;
}

/// Scan and Query, which answer alike.
class ServicePages : public PageSource {
public:
    explicit ServicePages(const SourceReader& reader) : reader_(reader) {}

    bool read(std::size_t limit, std::string& position, base::Arena& arena,
              std::vector<Item>& items) override {
        body_.clear();
        write_body(limit, position);
        reply_.clear();
        dynamodb::Call call;
        call.operation = operation();
        call.body = body_;
        call.stop = reader_.stop_now;
        call.table = reader_.table->name;
        reader_.service->call(call, reply_);
        read_units_ = units_of(reply_);
        pages_.read(reply_, arena, page_);
        items.insert(items.end(), page_.items.begin(), page_.items.end());
        position = page_.last_evaluated_key.empty()
                       ? std::string()
                       : dynamodb::to_wire_json(page_.last_evaluated_key);
        return !page_.last_evaluated_key.empty();
    }
    std::size_t page_bytes() const override { return reply_.body.size(); }
    double read_units() const override { return read_units_; }
    bool reads_in_part() const override { return !reader_.attributes.empty(); }
    std::uint64_t scanned() const override {
        return static_cast<std::uint64_t>(page_.scanned_count);
    }
    void shrink() override {
        std::string().swap(reply_.body);  // an assignment would keep the buffer
        pages_ = dynamodb::PageReader();
        page_ = {};
    }

protected:
    virtual std::string_view operation() const = 0;
    virtual void write_source(Writer& out, std::vector<std::pair<std::string, std::string>>& names,
                              std::vector<const Item*>& values) = 0;

    const SourceReader reader_;

private:
    void write_body(std::size_t limit, const std::string& position) {
        Writer out(body_);
        out.begin_object().key("TableName").string(reader_.table->name);
        std::vector<std::pair<std::string, std::string>> names;
        std::vector<const Item*> values;
        write_source(out, names, values);
        if (!reader_.filter->text.empty()) {
            out.key("FilterExpression").string(reader_.filter->text);
            names.insert(names.end(), reader_.filter->names.begin(), reader_.filter->names.end());
            values.push_back(&reader_.filter->values);
        }
        write_projection(out, names);
        write_substitutions(out, names, values);
        out.key("Limit").number(limit);
        if (reader_.consistent) {
            out.key("ConsistentRead").boolean(true);
        }
        if (!position.empty()) {
            out.key("ExclusiveStartKey").raw(position);
        }
        out.key("ReturnConsumedCapacity").string("TOTAL").end_object();
    }

    void write_projection(Writer& out, std::vector<std::pair<std::string, std::string>>& names) {
        std::string projection;
        for (std::size_t i = 0; i < reader_.attributes.size(); ++i) {
            names.emplace_back(fmt::format("#dm_{}", i), reader_.attributes[i]);
            projection += (i == 0 ? "" : ",") + names.back().first;
        }
        if (!projection.empty()) {
            out.key("ProjectionExpression").string(projection);
        }
    }

    std::string body_;
    dynamodb::Reply reply_;
    double read_units_ = 0;
    dynamodb::PageReader pages_;
    dynamodb::Page page_;
};

class ScanPages final : public ServicePages {
public:
    ScanPages(const SourceReader& reader, std::string index, std::uint32_t segment,
              std::uint32_t total)
        : ServicePages(reader),
          index_(std::move(index)),
          segment_(segment),
          total_(total) {}

protected:
    std::string_view operation() const override { return "Scan"; }
    void write_source(Writer& out, std::vector<std::pair<std::string, std::string>>&,
                      std::vector<const Item*>&) override {
        if (!index_.empty()) {
            out.key("IndexName").string(index_);
        }
        if (total_ > 1) {
            out.key("Segment").number(segment_).key("TotalSegments").number(total_);
        }
    }

private:
    std::string index_;
    std::uint32_t segment_;
    std::uint32_t total_;
};

class QueryPages final : public ServicePages {
public:
    QueryPages(const SourceReader& reader, const QuerySource& query)
        : ServicePages(reader),
          query_(query) {}

protected:
    std::string_view operation() const override { return "Query"; }
    void write_source(Writer& out, std::vector<std::pair<std::string, std::string>>& names,
                      std::vector<const Item*>& values) override {
        if (!query_.index.empty()) {
            out.key("IndexName").string(query_.index);
        }
        out.key("KeyConditionExpression").string(query_.key_condition.text);
        names.insert(names.end(), query_.key_condition.names.begin(),
                     query_.key_condition.names.end());
        values.push_back(&query_.key_condition.values);
        out.key("ScanIndexForward").boolean(query_.forward);
    }

private:
    const QuerySource query_;
};

std::uint64_t parse_offset(const std::string& position) {
    std::uint64_t offset = 0;
    std::from_chars(position.data(), position.data() + position.size(), offset);
    return offset;
}

/// Items, or keys to be looked up, from something sequential.
class StreamPages final : public PageSource {
public:
    StreamPages(const SourceReader& reader, std::unique_ptr<ItemStream> stream, bool read_items)
        : reader_(reader),
          stream_(std::move(stream)),
          read_items_(read_items) {}

    bool read(std::size_t limit, std::string& position, base::Arena& arena,
              std::vector<Item>& items) override {
        skip_to(parse_offset(position));
        limit = std::min(limit, kKeysPerRead);
        bool has_more = true;
        std::vector<Item> read;
        while (read.size() < limit && has_more) {
            Item item;
            has_more = stream_->next(arena, item);
            if (has_more) {
                read.push_back(item);
            }
        }
        at_ += read.size();
        scanned_ = read.size();
        position = std::to_string(at_);
        if (!read_items_) {
            items.insert(items.end(), read.begin(), read.end());
        } else if (!read.empty()) {
            std::vector<Item> keys;
            for (const Item& item : read) {
                const Item key = reader_.table->key.key_of(item, arena);
                if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
                    keys.push_back(key);
                }
            }
            backfill::read_items(*reader_.service, *reader_.table, keys, arena, items,
                                 reader_.stop_now);
        }
        return has_more;
    }
    std::size_t page_bytes() const override { return 0; }
    std::uint64_t scanned() const override { return scanned_; }
    std::uint64_t first_number() const override { return read_items_ ? 0 : at_ - scanned_ + 1; }
    void shrink() override {}

private:
    void skip_to(std::uint64_t offset) {
        base::Arena scratch;
        Item item;
        for (; at_ < offset && stream_->next(scratch, item); ++at_) {
            scratch.reset();
        }
    }

    const SourceReader reader_;
    std::unique_ptr<ItemStream> stream_;
    bool read_items_;
    std::uint64_t at_ = 0;
    std::uint64_t scanned_ = 0;
};

/// The lines of a spool file as keys.
class SpoolStream final : public ItemStream {
public:
    explicit SpoolStream(const std::filesystem::path& file) : path_(file), in_(file) {
        if (!in_) {
            throw Error(ErrorKind::failed_precondition,
                        "the spooled keys of this run are not here; resume on the machine that "
                        "began it, or undo the run")
                .at("spool " + file.string());
        }
    }
    bool next(base::Arena& arena, Item& item) override {
        std::string line;
        if (!std::getline(in_, line)) {
            return false;
        }
        item = dynamodb::parse_item(line, arena);
        return true;
    }

private:
    std::filesystem::path path_;
    std::ifstream in_;
};

}  // namespace

expressions::ExpressionText server_filter(const Plan& plan, base::Arena& arena) {
    if (const auto* scan = std::get_if<ScanSource>(&plan.source); scan && scan->index.empty()) {
        return plan.where;
    }
    const auto* query = std::get_if<QuerySource>(&plan.source);
    if (query == nullptr || !query->index.empty() || plan.where.text.empty()) {
        return {};
    }
    return expressions::without_key_conjuncts(plan.where, plan.key, arena)
        .value_or(expressions::ExpressionText{});
}

std::vector<std::string> attributes_of(const dynamodb::KeySchema& key) {
    std::vector<std::string> names{key.hash.name};
    if (key.sort) {
        names.push_back(key.sort->name);
    }
    return names;
}

std::vector<std::string> attributes_wanted(const Plan& plan, const expressions::Condition& where) {
    const auto* scan = std::get_if<ScanSource>(&plan.source);
    const auto* query = std::get_if<QuerySource>(&plan.source);
    const bool reads_table = (scan && scan->index.empty()) || (query && query->index.empty());
    const bool needs_all = plan.overwrite || !plan.target_table.empty() ||
                           plan.guard.kind == Guard::Kind::all || plan.transform->may_change_key();
    const auto wanted = plan.transform->attributes();
    if (!reads_table || needs_all || !wanted) {
        return {};
    }
    std::vector<std::string> names = attributes_of(plan.key);
    const auto add = [&](const std::string& name) {
        if (std::ranges::find(names, name) == names.end()) {
            names.push_back(name);
        }
    };
    std::ranges::for_each(*wanted, add);
    std::ranges::for_each(where.attributes(), add);
    if (plan.guard.kind == Guard::Kind::version) {
        add(plan.guard.version_attribute);
    }
    if (plan.marker) {
        add(std::string(kMarkerAttribute));
    }
    return names.size() <= kMostAttributesWanted ? names : std::vector<std::string>();
}

std::unique_ptr<PageSource> make_scan(const SourceReader& reader, const std::string& index,
                                      std::uint32_t segment, std::uint32_t total_segments) {
    return std::make_unique<ScanPages>(reader, index, segment, total_segments);
}

std::unique_ptr<PageSource> make_query(const SourceReader& reader, const QuerySource& query) {
    return std::make_unique<QueryPages>(reader, query);
}

std::unique_ptr<PageSource> make_stream(const SourceReader& reader,
                                        std::unique_ptr<ItemStream> stream, bool read_items) {
    return std::make_unique<StreamPages>(reader, std::move(stream), read_items);
}

std::unique_ptr<PageSource> make_spool_reader(const SourceReader& reader,
                                              const std::filesystem::path& file) {
    return make_stream(reader, std::make_unique<SpoolStream>(file), true);
}

}  // namespace dynamigrate::backfill
