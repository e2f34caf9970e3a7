#pragma once

#include <dynamigrate/migrate/steps.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

/// A function of another language that gets pages of items and writes as it likes.
namespace dynamigrate::migrate {

/// The circumstances of one run of a function of pages.
struct PageRun {
    const StepRun& run;
    dynamodb::KeySchema key;
    std::string table;  ///< physical
    std::uint32_t lanes = 1;
    /// Of processes that are to reach the tables: what they write there is journalled, paced, and
    /// overlaid in a dry run.
    std::map<std::string, std::string> environment;
};

/// A function of another language that gets pages of items. Threads: any.
class PageFunction {
public:
    virtual ~PageFunction() = default;
    /// For plans: "20220101-add-attribute.ts".
    virtual std::string name() const = 0;
    /// Begins one run of it; what it is given outlives that, except for `run` itself.
    virtual std::unique_ptr<backfill::Transform> open(PageRun run) const = 0;
};

/// A step that gives each page of a table to a function.
///
/// What the function decides about items of its page is written as by a transform: guarded, each
/// once. What it writes past that, it writes at once, and again when it is called again for an item
/// (the item changed meanwhile, the run was killed).
struct PageStep {
    std::string table;
    OwnedExpression where;
    std::shared_ptr<const PageFunction> function;
    std::uint32_t page_items = 0;  ///< most items of a page; 0: as many as memory allows
    BackfillOptions options;
};

StepPtr make_pages(PageStep step);

}  // namespace dynamigrate::migrate
