// What a backfill costs the client without the network: pages from memory, answers from memory.
#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace dynamigrate {
namespace {

constexpr int kItemsPerPage = 2000;
constexpr int kPages = 10;

std::string item_json(int i) {
    const std::string n = std::to_string(100000 + i);
    return R"({"pk":{"S":"USER#)" + n + R"("},"sk":{"S":"PROFILE#)" + n +
           R"("},"name":{"S":"Somebody Number )" + n + R"("},"email":{"S":"Somebody.)" + n +
           R"(@Example.COM"},"age":{"N":")" + std::to_string(20 + i % 60) +
           R"("},"tags":{"L":[{"S":"alpha"},{"S":"beta"},{"S":"gamma"},{"N":"12345"}]},)" +
           R"("address":{"M":{"street":{"S":"Long Street 12, third floor"},"city":{"S":"Springfield"},)" +
           R"("zip":{"S":"12345"},"geo":{"M":{"lat":{"N":"47.123456"},"lon":{"N":"8.654321"}}}}},)" +
           R"("type":{"S":"user"}})";
}

/// Answers scans with the same items over and over, and every write with success.
class CannedService final : public dynamodb::Service {
public:
    CannedService() {
        page_ = R"({"Items":[)";
        for (int i = 0; i < kItemsPerPage; ++i) {
            page_ += (i > 0 ? "," : "") + item_json(i);
        }
        page_ += R"(],"Count":2000,"ScannedCount":2000,"LastEvaluatedKey":{"pk":{"S":"x"}}})";
        last_ = R"({"Items":[],"Count":0,"ScannedCount":0})";
    }
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        if (call.operation == "Scan") {
            reply.body.assign(pages_-- > 0 ? page_ : last_);
            return;
        }
        std::size_t count = 0;
        for (std::size_t at = call.body.find("{\"Statement\""); at != std::string_view::npos;
             at = call.body.find("{\"Statement\"", at + 200)) {
            ++count;
        }
        reply.body = R"({"Responses":[)";
        for (std::size_t i = 0; i < count; ++i) {
            reply.body += i > 0 ? R"(,{"TableName":"app"})" : R"({"TableName":"app"})";
        }
        reply.body += "]}";
        bytes_ += call.body.size();
    }
    std::string location() const override { return "canned"; }
    void rewind() { pages_ = kPages; }
    std::uint64_t bytes() const { return bytes_; }

private:
    std::string page_;
    std::string last_;
    int pages_ = kPages;
    std::uint64_t bytes_ = 0;
};

class NoRecords final : public backfill::RunRecords {
public:
    std::optional<std::uint32_t> total_segments(std::uint32_t) override { return 1; }
    void begin_step(std::uint32_t, std::uint32_t) override {}
    std::vector<backfill::SegmentState> load_segments(std::uint32_t) override { return {}; }
    void save_segment(std::uint32_t, const backfill::SegmentState&) override {}
    backfill::SegmentState take_segment(std::uint32_t, std::uint32_t, std::uint32_t) override {
        return {};
    }
    void quarantine(const backfill::QuarantinedItem&) override {}
    std::vector<backfill::QuarantinedItem> quarantined(std::uint32_t) override { return {}; }
    void forget_quarantined(const backfill::QuarantinedItem&) override {}
};

class LowerEmail final : public backfill::Transform {
public:
    void apply(const dynamodb::Item& item, base::Arena& arena,
               backfill::TransformOutput& out) const override {
        out.reads("email");
        const std::string_view email = item.text("email");
        char* lower = static_cast<char*>(arena.allocate(email.size(), 1));
        std::transform(email.begin(), email.end(), lower,
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        auto* attributes = arena.allocate_array<dynamodb::Attribute>(item.size() + 2);
        std::copy(item.begin(), item.end(), attributes);
        attributes[item.size()] = {"migrated", dynamodb::AttributeValue::string("yes")};
        attributes[item.size() + 1] = {"emailLower",
                                       dynamodb::AttributeValue::string({lower, email.size()})};
        out.change(dynamodb::Item({attributes, item.size() + 2}));
    }
};

void backfill_without_network(benchmark::State& state) {
    CannedService service;
    NoRecords records;
    base::SystemClock clock;
    base::SystemRandom random;
    const LowerEmail transform;
    for (auto _ : state) {
        base::TemporaryDirectory directory;
        auto journal = layers::open_directory_journal(directory.path(), "bench");
        service.rewind();
        backfill::Plan plan;
        plan.run = "bench";
        plan.table = "app";
        plan.key = {{"pk", dynamodb::AttributeType::string},
                    dynamodb::KeyAttribute{"sk", dynamodb::AttributeType::string}};
        plan.transform = &transform;
        plan.lanes = 1;
        plan.segments = 1;
        backfill::Surroundings surroundings;
        surroundings.service = &service;
        surroundings.journal = journal.get();
        surroundings.records = &records;
        surroundings.clock = &clock;
        surroundings.random = &random;
        surroundings.log = &base::null_log();
        surroundings.spool_directory = directory.path();
        const auto result = backfill::run(plan, surroundings, {});
        if (result.counts.changed != kItemsPerPage * kPages) {
            state.SkipWithError("not everything was written");
        }
    }
    state.counters["cpu_us_per_item"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * kItemsPerPage * kPages / 1e6,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(backfill_without_network)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dynamigrate
