#include <dynamigrate/dynamodb/operations.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/writer.hpp>

#include "answer_document.hpp"
#include "request_members.hpp"

namespace dynamigrate::dynamodb {

namespace {

/// Reads page after page; `write_request` writes a request's members but for the start key.
class Pages {
public:
    Pages(Service& service, std::string_view operation, std::stop_token stop)
        : service_(service),
          operation_(operation),
          stop_(std::move(stop)) {}

    /// Calls `visit` until it returns false or the last page was read.
    template <class WriteRequest, class Visit>
    void read_all(WriteRequest&& write_request, Visit&& visit) {
        do {
            std::string body;
            json::Writer out(body);
            out.begin_object();
            write_request(out);
            if (!page_.last_evaluated_key.empty()) {
                out.key("ExclusiveStartKey");
                write_item(out, page_.last_evaluated_key);
            }
            out.end_object();
            read(body);
            for (const Item& item : page_.items) {
                if (!visit(item)) {
                    return;
                }
            }
        } while (!page_.last_evaluated_key.empty());
    }

private:
    void read(const std::string& body) {
        reply_.clear();
        service_.call({operation_, body, stop_}, reply_);
        page_ = Page();
        arena_.reset();
        reader_.read(reply_, arena_, page_);
    }

    Service& service_;
    std::string_view operation_;
    std::stop_token stop_;
    Reply reply_;
    base::Arena arena_;
    PageReader reader_;
    Page page_;
};

std::string table_request(std::string_view table) {
    std::string body;
    json::Writer(body).begin_object().key("TableName").string(table).end_object();
    return body;
}

}  // namespace

void query(Service& service, const QueryInput& input, const std::function<bool(const Item&)>& visit,
           std::stop_token stop) {
    int remaining = input.limit.value_or(0);
    if (input.limit && remaining <= 0) {
        return;
    }
    auto write_request = [&](json::Writer& out) {
        out.key("TableName").string(input.table);
        write_expression(out, "IndexName", input.index);
        write_expression(out, "KeyConditionExpression", input.key_condition.text);
        write_substitutions(out, input.key_condition);
        out.key("ConsistentRead").boolean(input.consistent);
        out.key("ScanIndexForward").boolean(input.forward);
        if (input.limit) {
            out.key("Limit").number(remaining);
        }
    };
    Pages(service, "Query", std::move(stop)).read_all(write_request, [&](const Item& item) {
        return visit(item) && (!input.limit || --remaining > 0);
    });
}

void scan(Service& service, std::string_view table, bool consistent,
          const std::function<bool(const Item&)>& visit, std::stop_token stop) {
    auto write_request = [&](json::Writer& out) {
        out.key("TableName").string(table).key("ConsistentRead").boolean(consistent);
    };
    Pages(service, "Scan", std::move(stop)).read_all(write_request, visit);
}

std::optional<TableDescription> describe_table(Service& service, std::string_view table,
                                               std::stop_token stop) {
    Reply reply;
    try {
        service.call({"DescribeTable", table_request(table), std::move(stop)}, reply);
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::not_found) {
            return std::nullopt;
        }
        throw;
    }
    return parse_table_description(reply.body);
}

std::vector<std::string> list_tables(Service& service, std::stop_token stop) {
    std::vector<std::string> tables;
    std::string last;
    Reply reply;
    do {
        std::string body;
        json::Writer out(body);
        out.begin_object();
        write_expression(out, "ExclusiveStartTableName", last);
        out.end_object();
        reply.clear();
        service.call({"ListTables", body, stop}, reply);
        json::Value document = parse_answer(reply.body, "the answer of ListTables");
        if (const json::Value* names = document.find("TableNames")) {
            for (const json::Value& name : names->elements()) {
                tables.push_back(name.text());
            }
        }
        const json::Value* next = document.find("LastEvaluatedTableName");
        last = next == nullptr ? "" : next->text();
    } while (!last.empty());
    return tables;
}

}  // namespace dynamigrate::dynamodb
