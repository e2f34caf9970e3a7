#include "option_table.hpp"

#include <array>

namespace dynamigrate::cli {

namespace {

using A = Arguments;

const std::array kOptions = {
    Option{{"config", 'c', "FILE", "configuration file"}, &A::config},
    Option{{"profile", 0, "NAME", "configuration profile"}, &A::profile},
    Option{{"dir", 'd', "DIR", "change to this directory first"}, &A::directory},
    Option{{"table", 0, "NAME", "default table of the migrations"}, &A::table},
    Option{{"endpoint", 'e', "URL", "DynamoDB endpoint instead of AWS's"}, &A::endpoint},
    Option{{"aws-access-key", 0, "KEY", "AWS access key id"}, &A::access_key},
    Option{{"aws-secret-key", 0, "SECRET", "AWS secret access key"}, &A::secret_key},
    Option{{"aws-region", 0, "REGION", "AWS region"}, &A::region},
    Option{{"aws-profile", 0, "NAME", "profile of the AWS tools, instead of AWS_PROFILE"},
           &A::aws_profile},
    Option{{"down", 0, "", "show what `down` would do", "plan"}, &A::down},
    Option{{"cloud", 0, "", "what it takes and costs as a state machine", "plan"}, &A::cloud},
    Option{{"dry", 0, "", "show what would change; write nothing"}, &A::dry},
    Option{{"sample", 0, "N", "with --dry: read about N items of a table, estimate the rest"},
           &A::sample},
    Option{{"yes", 0, "", "ask nothing"}, &A::yes},
    Option{{"force", 'f', "", "ask nothing and pass over guards"}, &A::force},
    Option{{"retry-failed", 0, "", "first run again what failed"}, &A::retry_failed},
    Option{{"from", 0, "LAYOUT", "the history as it is, LAYOUT or LAYOUT:TABLE", "adopt"},
           &A::from},
    Option{{"to", 0, "LAYOUT", "as it shall be; native unless given", "adopt"}, &A::to},
    Option{{"undo", 0, "", "take the last adoption back", "adopt"}, &A::take_back},
    Option{{"bump", 'b', "PART", "major, minor, patch or a version", "generate"}, &A::bump},
    Option{{"lang", 0, "LANGUAGE",
            "yaml, json5, js, mjs, ts, onetable, functionless, cpp, python, shell", "generate"},
           &A::language},
    Option{{"name", 0, "NAME", "write a functionless migration of this name into --dir", "init"},
           &A::name},
    Option{{"lanes", 0, "N", "requests under way at once"}, &A::lanes},
    Option{{"segments", 0, "N", "parts that a table is read in"}, &A::segments},
    Option{{"max-rcu", 0, "RATE", "read units per second, or a share (40%)"}, &A::max_rcu},
    Option{{"max-wcu", 0, "RATE", "write units per second, or a share (40%)"}, &A::max_wcu},
    Option{{"journal", 0, "STORE", "where journals are kept: DIR, s3://..., table:NAME or none"},
           &A::journal},
    Option{{"key", 0, "JSON", "the item of this key only, in DynamoDB JSON", "undo"}, &A::key},
    Option{{"keys", 0, "FILE", "the items of these keys only, one a line", "undo"}, &A::keys},
    Option{{"since", 0, "TIME", "what was written then or later (ISO 8601)", "undo"}, &A::since},
    Option{{"until", 0, "TIME", "what was written before (ISO 8601)", "undo"}, &A::until},
    Option{{"older-than", 0, "AGE", "runs that ended before, such as 30d", "journal purge"},
           &A::older_than},
    Option{{"limit", 0, "N", "print so many entries", "journal show"}, &A::limit},
    Option{{"live", 0, "", "give the script a dyno that writes", "scan, stream"}, &A::live},
    Option{{"dyno", 0, "", "stream's lines are plain JSON, not DynamoDB's", "scan, stream"},
           &A::has_plain_lines},
    Option{{"concurrency", 0, "N", "records or segments at once",
            "scan, stream, plan --cloud, deploy template"},
           &A::concurrency},
    Option{{"rate", 0, "", "show what goes on, 20 times a second", "scan, stream"}, &A::shows_rate},
    Option{{"output", 0, "FILE", "what is written", "filter, deploy"}, &A::output},
    Option{{"format", 0, "FORMAT", "json or yaml", "deploy template"}, &A::format},
    Option{{"nested", 0, "", "a nested stack for each migration", "deploy template"}, &A::nested},
    Option{{"on-timeout", 0, "WHAT", "fail or detach when a deployment's time is over",
            "deploy template"},
           &A::on_timeout},
    Option{
        {"on-rollback", 0, "WHAT", "keep or down when the stack is rolled back", "deploy template"},
        &A::on_rollback},
    Option{{"migrations-timeout", 0, "MINUTES", "how long a deployment waits; 55 at most",
            "deploy template"},
           &A::migrations_timeout},
    Option{{"schema", 's', "FILE", "OneTable schema, for JavaScript migrations"}, &A::schema},
    Option{{"crypto", 0, "CIPHER:PASSWORD", "encryption, for JavaScript migrations"}, &A::crypto},
    Option{{"port", 0, "PORT", "8000 unless given; 0: a free one", "serve"}, &A::port},
    Option{{"host", 0, "HOST", "127.0.0.1 unless given", "serve"}, &A::host},
    Option{{"store", 0, "DIR", "where items are kept", "serve"}, &A::store},
    Option{{"memory", 0, "", "keep items in memory", "serve"}, &A::memory},
    Option{{"access-key", 0, "KEY", "who may call, or random", "serve"}, &A::gateway_key},
    Option{{"secret-key", 0, "SECRET", "the secret of --access-key", "serve"}, &A::gateway_secret},
    Option{{"arn", 0, "ARN", "let this Lambda function do it"}, &A::arn},
    Option{{"lambda-endpoint", 0, "URL", "Lambda's endpoint instead of AWS's"},
           &A::lambda_endpoint},
    Option{{"json", 0, "", "print JSON for programs"}, &A::json},
    Option{{"watch", 0, "", "show how the run under way goes on, until Ctrl-C", "status"},
           &A::watch},
    Option{{"exit-code", 0, "", "exit 5 when migrations are outstanding", "status"}, &A::exit_code},
    Option{{"quiet", 'q', "", "print results and errors only"}, &A::quiet},
    Option{{"verbose", 'v', "", "say more"}, &A::verbose},
    Option{{"debug", 0, "", "say everything"}, &A::debug},
    Option{{"no-color", 0, "", "no colours and no progress bar"}, &A::no_color},
    Option{{"help", '?', "", "print this"}, &A::help},
    Option{{"version", 0, "", "print the program's version"}, &A::version},
};

}  // namespace

std::span<const Option> option_table() { return kOptions; }

std::vector<OptionText> option_texts() {
    std::vector<OptionText> texts;
    for (const Option& option : kOptions) {
        texts.push_back(option.text);
    }
    return texts;
}

const std::vector<VerbText>& verb_texts() {
    static const std::vector<VerbText> kVerbs = {
        {"up", "[VERSION]", 1, "apply the next migration, or all up to the version"},
        {"down", "[VERSION]", 1, "revert the last migration, or all above the version"},
        {"all", "", 0, "apply all outstanding migrations"},
        {"repeat", "", 0, "run the last applied migration again"},
        {"reset", "", 0, "run the migration named reset; all versions count as applied"},
        {"status", "[RUN]", 1, "print the current version; --watch: how a run goes on"},
        {"list", "", 0, "list what is applied"},
        {"outstanding", "", 0, "list the versions that are not applied"},
        {"named", "", 0, "list the migrations that have a name instead of a version"},
        {"init", "[TABLE]", 1, "begin a project here, on an embedded DynamoDB"},
        {"generate", "[DESCRIPTION]", 64, "write a new migration file"},
        {"plan", "[down] [VERSION]", 2,
         "show what `all`, `down`, or going to the version, would do"},
        {"validate", "", 0, "check the migrations without touching the database"},
        {"doctor", "", 0, "check everything: credentials, tables, lock, runs, migrations"},
        {"iam-policy", "", 0, "print the least IAM policy that the migrations need"},
        {"resume", "[RUN]", 1, "continue an interrupted or failed run"},
        {"runs", "[RUN]", 1, "list runs, or show one with its quarantined items"},
        {"history", "", 0, "show who did what to the database, when, with what outcome"},
        {"quarantine", "[RUN]", 1, "list the items that runs could not migrate"},
        {"retry-failed", "[RUN]", 1, "run again what failed and what was quarantined"},
        {"baseline", "VERSION", 1, "count all versions up to this one as applied; run nothing"},
        {"mark", "applied|rolled-back VERSION", 2, "enter a migration's state; run nothing"},
        {"repair", "", 0, "accept changed migrations, enter the failure of dead runs"},
        {"adopt", "", 0, "carry the history from one tool's layout over into another"},
        {"undo", "RUN", 1, "put back what one run changed, from its journal"},
        {"journal", "show|verify|purge [RUN]", 2, "look into, check or remove journals"},
        {"pause", "[RUN]", 1, "let a run that is under way elsewhere wait"},
        {"rate", "[RUN]", 1, "slow a run that is under way, or let it go faster: --max-wcu N"},
        {"abort", "[RUN]", 1, "stop a run that is under way; it can be resumed"},
        {"indexes", "[TABLE]", 1, "show the indexes as declared and as they are"},
        {"scan", "REGION/TABLE SCRIPT", 2, "run a mapbox script on each item of a table"},
        {"stream", "REGION/TABLE SCRIPT", 2, "run a mapbox script on each line of standard input"},
        {"filter", "INPUT.gz SCRIPT", 2, "keep the lines that a mapbox filter says yes to"},
        {"restore", "[RUN]", 1, "print the commands that restore tables to before a run"},
        {"unlock", "", 0, "remove the lock of a runner that is gone"},
        {"serve", "", 0, "be a DynamoDB for development, until Ctrl-C"},
        {"lambda", "", 0, "be a Lambda function, which Lambda starts"},
        {"deploy", "package|template", 1,
         "write a Lambda function's zip file, or CloudFormation's template"},
        {"version", "", 0, "print the program's version"},
        {"help", "", 1, "print this"},
    };
    return kVerbs;
}

}  // namespace dynamigrate::cli
