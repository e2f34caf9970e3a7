#include "../page_source.hpp"
#include "backfill_fixture.hpp"

namespace dynamigrate::backfill {
namespace {

using Names = std::vector<std::string>;

/// c = c + 1, which says that it needs nothing else, and notes what it is given.
class Incremented final : public Transform {
public:
    void apply(const dynamodb::Item& item, base::Arena& arena,
               TransformOutput& out) const override {
        const std::lock_guard lock(mutex_);
        most_attributes_ = std::max(most_attributes_, item.size());
        increment_.apply(item, arena, out);
    }
    std::optional<Names> attributes() const override { return Names{"c"}; }
    std::size_t most_attributes() const { return most_attributes_; }

private:
    FunctionTransform increment_ = increment();
    mutable std::mutex mutex_;
    mutable std::size_t most_attributes_ = 0;
};

/// Notes the units that writes are announced with.
class Announced final : public dynamodb::Service {
public:
    explicit Announced(dynamodb::Service& service) : service_(service) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        if (call.operation == "BatchExecuteStatement" || call.operation == "UpdateItem") {
            const std::lock_guard lock(mutex_);
            most_units_ = std::max(most_units_, call.expected_units);
        }
        service_.call(call, reply);
    }
    std::string location() const override { return service_.location(); }
    double most_units() const { return most_units_; }

private:
    dynamodb::Service& service_;
    std::mutex mutex_;
    double most_units_ = 0;
};

class ReadsInPart : public BackfillTest {
protected:
    Names wanted() {
        plan.transform = &transform_;
        const auto where = plan.where.text.empty() ? expressions::Condition()
                                                   : expressions::Condition::parse(plan.where);
        return attributes_wanted(plan, where);
    }

    Incremented transform_;
};

TEST_F(ReadsInPart, GivesTheTransformWhatItNeedsAndWritesNoMore) {
    fill();

    const Result result = run(transform_);

    EXPECT_EQ(result.counts.changed, static_cast<std::uint64_t>(kItems));
    EXPECT_EQ(transform_.most_attributes(), 2U);
    EXPECT_EQ(service.item("app", key_json(7)),
              R"({"c":{"N":"8"},"list":{"L":[{"BOOL":true},{"NULL":true}]},)"
              R"("name":{"S":"Name 7"},"pk":{"S":"k7"}})");
}

TEST_F(ReadsInPart, AsksForWhatConditionGuardAndMarkerNeedToo) {
    EXPECT_EQ(wanted(), (Names{"pk", "c"}));
    plan.where.text = "attribute_exists(label) AND c > least";
    EXPECT_EQ(wanted(), (Names{"pk", "c", "label", "least"}));
    plan.guard = {Guard::Kind::version, "rev"};
    plan.marker = true;
    EXPECT_EQ(wanted(), (Names{"pk", "c", "label", "least", "rev", "_dm"}));
}

TEST_F(ReadsInPart, ReadsItemsWholeWhereAllOfThemMatters) {
    plan.guard.kind = Guard::Kind::all;
    EXPECT_EQ(wanted(), Names{});
    plan.guard = {};
    plan.overwrite = true;
    EXPECT_EQ(wanted(), Names{});
    plan.overwrite = false;
    plan.target_table = "other";
    EXPECT_EQ(wanted(), Names{});
    plan.target_table.clear();
    plan.source = ScanSource{"by_c"};
    EXPECT_EQ(wanted(), Names{});
}

TEST_F(ReadsInPart, AnnouncesWritesOfLargeItemsAsLarge) {
    const std::string much(20'000, 'x');
    service.put("app", R"({"pk":{"S":"a"},"c":{"N":"1"},"much":{"S":")" + much + R"("}})");
    Announced announced(service);

    run_over(announced, transform_);

    EXPECT_NEAR(announced.most_units(), 20, 5);
}

TEST_F(ReadsInPart, AnnouncesWritesOfSmallItemsAsSmall) {
    service.put("app", item_json(1));
    Announced announced(service);

    run_over(announced, transform_);

    EXPECT_EQ(announced.most_units(), 1);
}

}  // namespace
}  // namespace dynamigrate::backfill
