-- The clock of a build, and the block of days that it is at.
--
-- Snapshots are numbered by UTC midnight (days since 1970); the number after the last midnight stands for the clock
-- itself. Days are built in blocks: from the variable first_day to the variable clock, which is the newest snapshot's
-- moment. A snapshot depends on nothing that became visible after it, so that blocks say what one build would.

CREATE OR REPLACE TEMP MACRO snapshot_index(moment) AS CASE
    WHEN moment <= getvariable('clock') THEN (epoch_us(moment) + 86399999999) // 86400000000
    ELSE (epoch_us(getvariable('clock')) + 86399999999) // 86400000000 + 1
END;

CREATE OR REPLACE TEMP MACRO snapshot_time(index) AS least(to_timestamp(index * 86400), getvariable('clock'));

-- The midnight before the block: what became visible by then is in the versions of earlier days.
CREATE OR REPLACE TEMP MACRO block_start() AS to_timestamp((getvariable('first_day') - 1) * 86400);
