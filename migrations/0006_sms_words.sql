-- What a text message says, so that a second attempt says the same and takes as many parts as are paid. Empty once its end
-- is known, once nobody will try again, and for messages from before this column.
ALTER TABLE sms_messages ADD COLUMN words TEXT NOT NULL DEFAULT '';
